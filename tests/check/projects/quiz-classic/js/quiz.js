var current = 0;

function showQuestion() {
  var question = questionAt(current);
  document.getElementById('question').textContent = question.text;
  var list = document.getElementById('answers');
  list.innerHTML = '';
  question.answers.forEach(function (answer, index) {
    list.appendChild(makeAnswer(answer, index === question.right));
  });
}

function makeAnswer(text, isRight) {
  var item = document.createElement('li');
  item.textContent = text;
  item.onclick = function () {
    item.classList.add(isRight ? 'right' : 'wrong');
    if (isRight) showScore(addPoint(1));
  };
  return item;
}

function showScore(score) {
  document.getElementById('score').textContent = 'Score: ' + score;
}

function nextQuestion() {
  current += 1;
  showQuestion();
}

showQuestion();
showScore(loadScore());
