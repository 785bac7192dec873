var SCORE_KEY = 'quiz-score';

function loadScore() {
  return Number(localStorage.getItem(SCORE_KEY) || 0);
}

function saveScore(value) {
  localStorage.setItem(SCORE_KEY, String(value));
}

function addPoint(points) {
  var total = loadScore() + points;
  saveScore(total);
  return total;
}
