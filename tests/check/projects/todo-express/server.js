const express = require('express');
const path = require('path');
const todos = require('./routes/todos');
const { logRequest } = require('./middleware/log');
const { readSettings } = require('./settings');

const settings = readSettings(process.env);
const app = express();
app.use(express.json());
app.use(logRequest);
app.use(express.static(path.join(__dirname, 'public')));
app.use('/api/todos', todos);
app.listen(settings.port, () => console.log(`listening on ${settings.port}`));
