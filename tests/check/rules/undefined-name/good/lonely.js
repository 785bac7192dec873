const chart = new Chart("a");
console.log(chart);
