document.body.classList.add('bright');
document.body.className = 'tile-at-' + 1 + '-' + 2;
