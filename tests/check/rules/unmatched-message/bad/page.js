document.addEventListener('game:over', ({ detail }) => console.log(detail.scor));
document.dispatchEvent(new CustomEvent('game:over', { detail: { score: 1 } }));
localStorage.setItem('best', JSON.stringify({ score: 1 }));
console.log(JSON.parse(localStorage.getItem('best')));
const best = JSON.parse(localStorage.getItem('best'));
console.log(best.socre);
const counter = new Worker('counter.js');
counter.postMessage({ rounds: 3 });
