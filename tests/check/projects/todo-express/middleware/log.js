function formatTime(date) {
  return date.toISOString();
}

exports.logRequest = function logRequest(request, response, next) {
  console.log(formatTime(new Date()), request.method, request.url);
  next();
};
