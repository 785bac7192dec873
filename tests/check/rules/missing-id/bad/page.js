const name = document.getElementById('name');
document.querySelector('#sent .row').append(name);
