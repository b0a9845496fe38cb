// Tells the person in charge of a deal above a threshold, and leaves a comment.
#include "signalbox.h"

sb_result sb_run(sb_invocation *invocation) {
  sb_money threshold;
  if (!sb_param_money("threshold", &threshold)) return sb_failed("missing-param", "parameter `threshold` is missing");

  sb_item item;
  SB_TRY(sb_items_get(&invocation->item.val, &item, &sb_error));
  if (!item.amount.is_some) return sb_skipped("%s has no amount", sb_c(item.id));
  sb_money amount = item.amount.val;
  if (!sb_equal(amount.currency, threshold.currency)) {
    return sb_failed("other-currency", "%s is in %s, the threshold in %s", sb_c(item.id), sb_c(amount.currency),
                     sb_c(threshold.currency));
  }
  if (sb_hundredths(amount) <= sb_hundredths(threshold)) {
    return sb_skipped("%s is not above %s", sb_c(item.id), sb_c(threshold.amount));
  }

  const char *text = sb_c(sb_format("%s %s", sb_c(amount.amount), sb_c(amount.currency)));
  sb_log_info("%s is above %s", sb_c(item.id), sb_c(threshold.amount));
  sb_string to[] = {SB_TEXT("role:assignee")};
  sb_notifications_new_notification_t notification = {
      .to = {.ptr = to, .len = 1},
      .title = sb_format("Large deal: %s", sb_c(item.title)),
      .text = sb_format("%s", text),
  };
  sb_notifications_list_ref_t sent;
  SB_TRY(sb_notifications_send(&notification, &sent, &sb_error));
  sb_string comment = sb_format("Large deal: %s", text);
  SB_TRY(sb_timeline_add_comment(&item.id, &comment, &sb_error));
  return sb_done("told of %s", sb_c(item.id));
}
