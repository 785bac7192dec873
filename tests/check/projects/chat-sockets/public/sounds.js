const audio = new AudioContext();

document.addEventListener('chat:line', (event) => {
  const tone = audio.createOscillator();
  tone.frequency.value = 200 + event.detail.size;
  tone.connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.1);
});
