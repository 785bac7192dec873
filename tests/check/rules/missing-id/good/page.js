const row = document.createElement('p');
row.id = 'sent';
document.body.append(row);
document.querySelector('#sent').append(document.getElementById('name'));
if (document.getElementById('maybe')) console.log('there');
