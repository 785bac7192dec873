self.onmessage = (event) => console.log(event.data.rounds);
