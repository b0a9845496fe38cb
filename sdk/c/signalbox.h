// The Signalbox SDK for C.
//
// A robot is one function, `sb_run`. It calls the contract by the functions of `sb.h`, which is made of the contract
// when the robot is built: `sb_<interface>_<function>`, with records such as `sb_notifications_new_notification_t`.
// An instance lives for one run, so nothing has to be freed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sb.h"

typedef sb_string_t sb_string;
typedef sb_types_money_t sb_money;
typedef sb_types_item_t sb_item;
typedef sb_types_error_t sb_refusal;
typedef sb_types_param_value_t sb_value;
typedef exports_sb_entry_invocation_t sb_invocation;

// How a run ends. Make one with the functions and macros below.
typedef struct {
  bool is_failure;
  exports_sb_entry_outcome_t outcome;
  exports_sb_entry_failure_t failure;
} sb_result;

// The robot's work. Every robot defines it.
sb_result sb_run(sb_invocation *invocation);

#define SB_PRINTF(text, first) __attribute__((format(printf, text, first)))

// Ends: the work is done, or there was nothing to do. The text is for the journal.
sb_result sb_done(const char *format, ...) SB_PRINTF(1, 2);
sb_result sb_skipped(const char *format, ...) SB_PRINTF(1, 2);
// Ends: nothing that the run staged is stored. The code is a short stable word of the robot's own.
sb_result sb_failed(const char *code, const char *format, ...) SB_PRINTF(2, 3);
// Ends: with what the host refused.
sb_result sb_refused(const sb_refusal *refusal);

// Calls the contract; a refusal ends the run with its code. Write `&sb_error` for the call's last argument.
#define SB_TRY(call)                       \
  do {                                     \
    sb_refusal sb_error;                   \
    if (!(call)) return sb_refused(&sb_error); \
  } while (0)

// Ends the run at once, from any function, with a message and its place. Use it instead of `assert` and `abort`.
#define SB_TEXT_OF(line) #line
#define SB_LINE(line) SB_TEXT_OF(line)
#define SB_PANIC(format, ...) sb_panicked(format " at " __FILE_NAME__ ":" SB_LINE(__LINE__) __VA_OPT__(, ) __VA_ARGS__)
[[noreturn]] void sb_panicked(const char *format, ...) SB_PRINTF(1, 2);

// Lines for the run's journal. Never write phones, e-mails or message texts there.
void sb_log_debug(const char *format, ...) SB_PRINTF(1, 2);
void sb_log_info(const char *format, ...) SB_PRINTF(1, 2);
void sb_log_warn(const char *format, ...) SB_PRINTF(1, 2);
void sb_log_error(const char *format, ...) SB_PRINTF(1, 2);

// A string of the contract from a literal: the value, and a pointer to it for arguments.
#define SB_TEXT(literal) ((sb_string){.ptr = (uint8_t *)("" literal), .len = sizeof(literal) - 1})
#define SB_REF(literal) (&SB_TEXT(literal))
// A string of the contract, with the arguments of printf.
sb_string sb_format(const char *format, ...) SB_PRINTF(1, 2);
// A string of the contract as one of C, for `%s`. A zero byte inside ends it.
const char *sb_c(sb_string text);
bool sb_equal(sb_string left, sb_string right);

// The value that the admin gave; false when there is none, or one of another type.
bool sb_param(const char *key, sb_value *value);
bool sb_param_flag(const char *key, bool *value);
bool sb_param_int(const char *key, int32_t *value);
bool sb_param_text(const char *key, sb_string *value);
bool sb_param_money(const char *key, sb_money *value);

// An amount in hundredths of its currency: exact, which floating point is not. Panics on what is no amount, or is
// larger than 64 bits.
int64_t sb_hundredths(sb_money money);
