document.body.classList.add('brigt');
