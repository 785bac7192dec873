document.body.classList.add('bright');
