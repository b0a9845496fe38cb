// The Signalbox SDK for C; signalbox.h says what each function promises.
#include "signalbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocated(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) __builtin_trap();
  return memory;
}

static sb_string formatted(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0) __builtin_trap();
  char *text = allocated((size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return (sb_string){.ptr = (uint8_t *)text, .len = (size_t)length};
}

// Makes `name` a string of what follows `format`.
#define FORMATTED(name, format)              \
  va_list arguments;                         \
  va_start(arguments, format);               \
  sb_string name = formatted(format, arguments); \
  va_end(arguments)

sb_string sb_format(const char *format, ...) {
  FORMATTED(text, format);
  return text;
}

const char *sb_c(sb_string text) {
  char *copy = allocated(text.len + 1);
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  return copy;
}

bool sb_equal(sb_string left, sb_string right) {
  return left.len == right.len && memcmp(left.ptr, right.ptr, left.len) == 0;
}

static sb_result ended(uint8_t tag, sb_string text) {
  return (sb_result){.outcome = {.tag = tag, .val = {.done = text}}};
}

sb_result sb_done(const char *format, ...) {
  FORMATTED(text, format);
  return ended(SB_TYPES_OUTCOME_DONE, text);
}

sb_result sb_skipped(const char *format, ...) {
  FORMATTED(text, format);
  return ended(SB_TYPES_OUTCOME_SKIPPED, text);
}

sb_result sb_failed(const char *code, const char *format, ...) {
  FORMATTED(message, format);
  return (sb_result){.is_failure = true, .failure = {.code = sb_format("%s", code), .message = message}};
}

sb_result sb_refused(const sb_refusal *refusal) {
  return (sb_result){.is_failure = true,
                     .failure = {.code = refusal->code, .message = refusal->message, .retryable = refusal->retryable}};
}

void sb_panicked(const char *format, ...) {
  FORMATTED(message, format);
  sb_log_panicked(&message);
  __builtin_trap();
}

#define LOG(name, level)                        \
  void name(const char *format, ...) {          \
    FORMATTED(text, format);                    \
    sb_log_log(level, &text);      \
  }
LOG(sb_log_debug, SB_LOG_LEVEL_DEBUG)
LOG(sb_log_info, SB_LOG_LEVEL_INFO)
LOG(sb_log_warn, SB_LOG_LEVEL_WARN)
LOG(sb_log_error, SB_LOG_LEVEL_ERROR)

bool sb_param(const char *key, sb_value *value) {
  sb_string name = {.ptr = (uint8_t *)key, .len = strlen(key)};
  return sb_params_get(&name, value);
}

// Reads a parameter of one case of the contract's variant.
#define PARAM(name, type, case_tag, field)                        \
  bool name(const char *key, type *value) {                       \
    sb_value found;                                               \
    if (!sb_param(key, &found) || found.tag != case_tag) return false; \
    *value = found.val.field;                                     \
    return true;                                                  \
  }
PARAM(sb_param_flag, bool, SB_TYPES_PARAM_VALUE_FLAG, flag)
PARAM(sb_param_int, int32_t, SB_TYPES_PARAM_VALUE_WHOLE, whole)
PARAM(sb_param_text, sb_string, SB_TYPES_PARAM_VALUE_TEXT, text)
PARAM(sb_param_money, sb_money, SB_TYPES_PARAM_VALUE_MONEY, money)

int64_t sb_hundredths(sb_money money) {
  const char *text = sb_c(money.amount), *at = text;
  bool is_negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  int64_t value = 0;
  int decimals = -1;  // How many were read; none before the point.
  const char *first = at;
  for (; *at && decimals < 2; at++) {
    if (*at == '.' && decimals < 0 && at > first) {
      decimals = 0;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value)) break;
    if (decimals >= 0) decimals++;
  }
  bool is_too_large = false;
  for (int missing = decimals < 0 ? 0 : decimals; missing < 2; missing++) {
    is_too_large |= __builtin_mul_overflow(value, 10, &value);
  }
  if (*at || at == first || decimals == 0 || is_too_large) SB_PANIC("`%s` is no amount", text);
  return is_negative ? -value : value;
}

// What the host calls.
bool exports_sb_entry_run(exports_sb_entry_invocation_t *invocation,
                                       exports_sb_entry_outcome_t *outcome,
                                       exports_sb_entry_failure_t *failure) {
  sb_result result = sb_run(invocation);
  *outcome = result.outcome;
  *failure = result.failure;
  return !result.is_failure;
}
