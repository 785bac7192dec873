var QUESTIONS = [
  { text: 'Two and two?', answers: ['four', 'five'], right: 0 },
  { text: 'The sky?', answers: ['green', 'blue'], right: 1 },
];

function questionAt(index) {
  return QUESTIONS[index % QUESTIONS.length];
}
