const { sign } = require('./orders');
const settings = require(process.argv[2] || './settings');

console.log(JSON.stringify(sign(settings, 'order-17')));
