import './style/tokens.css';
import './style/layout.css';
import './style/controls.css';
import './style/chat.css';
import './style/stage.css';
import './style/face.css';
import './style/avatar.css';
import './style/large-text.css';
import './style/side.css';
import './style/waterfall.css';
import './style/dialog.css';
import './style/call.css';
import './style/trust.css';
import { App } from './app.js';
import { keepShell } from './shell/register.js';

new App().start();
keepShell();
