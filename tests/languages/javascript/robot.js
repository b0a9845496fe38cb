// Calls every function of the contract, as ../README.md says.
import {
  Failure, activities, assignment, calendar, clock, contactEditing, contacts, conversationControl, conversations, done,
  employees, fields, itemCreation, items, log, messaging, notifications, outboundHttp,
  params, random, stages, state, timeline, timers,
} from 'signalbox';

const text = (key, val) => ({ key, value: { tag: 'text', val } });

export function run(invocation) {
  const script = params.get('script');
  if (script === 'crash') throw new TypeError('as it was told');
  if (script === 'refusal') return done(items.get('deal:999').id);

  const answers = [];
  const call = (calling) => {
    try {
      const answer = calling();
      answers.push('ok');
      return answer;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      answers.push(thrown.code);
      return undefined;
    }
  };
  const { item } = invocation;
  const { conversation } = invocation.cause.val;
  call(() => clock.now());
  call(() => random.number());
  call(() => params.get('colour'));
  call(() => log.info('hello'));
  call(() => items.get(item));
  call(() => items.get('deal:999'));
  call(() => fields.get(item, ['title', 'note']));
  call(() => fields.set(item, [
    text('note', 'Заметка'),
    { key: 'size', value: { tag: 'number', val: 3 } },
    { key: 'tags', value: { tag: 'many', val: ['a', 'b'] } },
    { key: 'at', value: { tag: 'instant', val: '2026-03-05T09:00:00Z' } },
    { key: 'amount', value: { tag: 'money', val: { amount: '1500.50', currency: 'RUB' } } },
  ]));
  call(() => fields.getAll(item));
  call(() => fields.set(item, [{ key: 'note', value: { tag: 'other', val: { kind: 'other', text: 'later' } } }]));
  call(() => stages.missingFields(item, 'stage:3'));
  call(() => stages.move(item, 'stage:3', false));
  call(() => stages.move(item, 'stage:2', false));
  const open = {
    pipeline: 'pipeline:1', stage: null, assignee: null, contact: null, isOpen: true, enteredBefore: null,
  };
  call(() => items.find(open, null, 10));
  call(() => assignment.assign(item, 'employee:1'));
  call(() => assignment.assignFromList(item, ['employee:1'], 'even', true));
  call(() => itemCreation.create({
    pipeline: 'pipeline:1', stage: null, title: 'Ещё одна', assignee: 'employee:1', contact: null,
    amount: { amount: '10', currency: 'RUB' }, source: 'golden', fields: [text('note', 'b')],
  }));
  call(() => itemCreation.copy(item, 'pipeline:1', null));
  const phoneCall = call(() => activities.create(item, {
    kind: 'call', title: 'Позвонить', description: null, deadline: '+1d', duration: 600, assignee: 'employee:1',
    reminders: [10],
  }));
  call(() => activities.get(phoneCall));
  call(() => activities.listOpen(item));
  call(() => activities.reschedule(phoneCall, '+2d'));
  call(() => activities.complete(phoneCall));
  const task = call(() => activities.create(item, {
    kind: 'todo', title: null, description: null, deadline: null, duration: null, assignee: null, reminders: [],
  }));
  call(() => activities.cancel(task));
  call(() => timeline.addComment(item, 'Клиент ждёт'));
  call(() => notifications.send({
    to: ['employee:1'], title: 'Новый клиент', text: 'Напишите ему', tag: 'golden',
  }));
  call(() => employees.get('employee:1'));
  call(() => calendar.isWorking('2026-03-02T12:00:00Z'));
  call(() => calendar.addWorking('2026-03-02T17:00:00Z', 7200));
  const olga = call(() => contactEditing.create({
    name: 'Ольга', phones: ['+7 912 345-67-89'], emails: ['olga@example.com'], assignee: 'employee:1',
  }));
  call(() => contacts.get(olga));
  call(() => contactEditing.update(olga, { name: 'Ольга Петровна', phones: null, emails: null, assignee: null }));
  call(() => contacts.findByPhone('8 (912) 345-67-89'));
  call(() => contacts.findByEmail('olga@example.com'));
  call(() => conversations.get(conversation));
  call(() => conversations.ofItem(item));
  call(() => messaging.reply(conversation, 'Здравствуйте!'));
  call(() => conversations.messages(conversation, null, 10));
  call(() => conversationControl.close(conversation));
  call(() => state.get('robot', 'seen'));
  call(() => state.set('robot', 'seen', '1'));
  call(() => state.set('item', 'step', 'greeted'));
  call(() => state.get('item', 'step'));
  call(() => state.delete('robot', 'seen'));
  call(() => timers.set('later', '2026-03-03T09:00:00Z', 'again'));
  call(() => timers.cancel('later'));
  call(() => outboundHttp.getAnswer());
  call(() => outboundHttp.send({
    method: 'post', url: 'https://api.example.com/orders', query: [],
    headers: [{ name: 'authorization', value: 'Bearer ', secret: 'shop' }],
    body: '{"deal":7}', payload: 'seven', wake: 'always', timeoutS: 0, attempts: 3,
  }));
  call(() => outboundHttp.send({
    method: 'get', url: 'https://www.example.com/', query: [], headers: [], payload: 'hello', wake: 'always',
    timeoutS: 0, attempts: 0,
  }));
  return done(answers.join(' '));
}
