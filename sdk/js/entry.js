// What the host calls. The builder puts `robot.js` beside it, which exports the robot's `run`.
import { settle } from 'signalbox';
import { run } from './robot.js';

export const entry = { run: (invocation) => settle(run, invocation) };
