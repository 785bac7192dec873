self.onmessage = (event) => console.log(event.data.round);
