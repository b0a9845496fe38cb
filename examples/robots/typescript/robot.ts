// Tells the person in charge of a deal above a threshold, and leaves a comment.
import { Failure, done, hundredths, items, log, notifications, params, skipped, timeline } from 'signalbox';

interface Money {
  amount: string;
  currency: string;
}

export function run(invocation: { item: string | null }) {
  const threshold: Money = params.require('threshold');
  const { id, title, amount }: { id: string; title: string; amount: Money | null } = items.get(invocation.item);
  if (!amount) return skipped(`${id} has no amount`);
  if (amount.currency !== threshold.currency) {
    throw new Failure('other-currency', `${id} is in ${amount.currency}, the threshold in ${threshold.currency}`);
  }
  if (hundredths(amount) <= hundredths(threshold)) return skipped(`${id} is not above ${threshold.amount}`);

  const text = `${amount.amount} ${amount.currency}`;
  log.info(`${id} is above ${threshold.amount}`);
  notifications.send({ to: ['role:assignee'], title: `Large deal: ${title}`, text, tag: null });
  timeline.addComment(id, `Large deal: ${text}`);
  return done(`told of ${id}`);
}
