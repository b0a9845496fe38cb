// Package signalbox is the Signalbox SDK for Go.
//
// A robot is a package `robot` with a function `Run(signalbox.Invocation) (signalbox.Outcome, error)`.
// Each interface of the contract is a package below this one, such as `signalbox/items`, whose functions answer with an
// error where the host refuses. A refusal is a *Failure; one that `Run` returns ends the run with its code.
package signalbox

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
	"wit_component/signalbox_robot_log"
	"wit_component/signalbox_robot_params"
	types "wit_component/signalbox_robot_types"
)

// The values that interfaces share.
type (
	Invocation      = types.Invocation
	Cause           = types.Cause
	StageEntered    = types.StageEntered
	MessageReceived = types.MessageReceived
	TimerFired      = types.TimerFired
	Outcome         = types.Outcome
	Item            = types.Item
	Money           = types.Money
	Field           = types.Field
	FieldValue      = types.FieldValue
	OtherValue      = types.OtherValue
	ParamValue      = types.ParamValue
)

// Option is a value that may be missing: `IsSome`, `Some`, `SomeOr`.
type Option[T any] = witTypes.Option[T]

// Some is a value that is there.
func Some[T any](value T) Option[T] { return witTypes.Some(value) }

// None is a missing value.
func None[T any]() Option[T] { return witTypes.None[T]() }

// What causes, and values of fields, are told apart by: `invocation.Cause.Tag() == signalbox.CauseTimer`.
const (
	CauseStageEntered    = types.CauseStageEntered
	CauseTimer           = types.CauseTimer
	CauseSchedule        = types.CauseSchedule
	CauseMessageReceived = types.CauseMessageReceived
	CauseManual          = types.CauseManual
	CauseOther           = types.CauseOther
	FieldValueText       = types.FieldValueText
	FieldValueNumber     = types.FieldValueNumber
	FieldValueFlag       = types.FieldValueFlag
	FieldValueInstant    = types.FieldValueInstant
	FieldValueMoney      = types.FieldValueMoney
	FieldValueMany       = types.FieldValueMany
	FieldValueOther      = types.FieldValueOther
)

// Values of fields.
var (
	Text    = types.MakeFieldValueText
	Number  = types.MakeFieldValueNumber
	Flag    = types.MakeFieldValueFlag
	Instant = types.MakeFieldValueInstant
	Amount  = types.MakeFieldValueMoney
	Many    = types.MakeFieldValueMany
	Other   = types.MakeFieldValueOther
)

// Failure ends a run badly: nothing that it staged is stored.
type Failure struct {
	// A short stable word, such as `no-recipient`, or the code of the refused operation.
	Code string
	// A sentence for the journal.
	Message string
	// Whether the host should try again later.
	Retryable bool
}

func (failure *Failure) Error() string { return failure.Code + ": " + failure.Message }

// Fail is a failure with a code of the robot's own.
func Fail(code, format string, words ...any) error {
	return &Failure{Code: code, Message: fmt.Sprintf(format, words...)}
}

// Done ends a run: it did its work; the text says what, for the journal.
func Done(format string, words ...any) (Outcome, error) {
	return types.MakeOutcomeDone(fmt.Sprintf(format, words...)), nil
}

// Skipped ends a run: there was nothing to do; the text says why. Staged changes are stored all the same.
func Skipped(format string, words ...any) (Outcome, error) {
	return types.MakeOutcomeSkipped(fmt.Sprintf(format, words...)), nil
}

// Debug adds a line to the run's journal. Never write phones, e-mails or message texts there.
func Debug(format string, words ...any) { line(signalbox_robot_log.LevelDebug, format, words) }

// Info adds a line to the run's journal.
func Info(format string, words ...any) { line(signalbox_robot_log.LevelInfo, format, words) }

// Warn adds a line to the run's journal.
func Warn(format string, words ...any) { line(signalbox_robot_log.LevelWarn, format, words) }

// Error adds a line to the run's journal.
func Error(format string, words ...any) { line(signalbox_robot_log.LevelError, format, words) }

func line(level signalbox_robot_log.Level, format string, words []any) {
	signalbox_robot_log.Log(level, fmt.Sprintf(format, words...))
}

// Param is what the admin gave: bool, int32, uint32, float64, string, Money or []string. The second value is false when
// there is none, or one of another type.
func Param[T any](key string) (T, bool) {
	var none T
	found := signalbox_robot_params.Get(key)
	if found.IsNone() {
		return none, false
	}
	value, isOfType := plain(found.Some()).(T)
	return value, isOfType
}

// RequireParam is the same; a failure `missing-param` where there is none.
func RequireParam[T any](key string) (T, error) {
	value, isThere := Param[T](key)
	if !isThere {
		return value, Fail("missing-param", "parameter `%s` is missing, or no %T", key, value)
	}
	return value, nil
}

func plain(value ParamValue) any {
	switch value.Tag() {
	case types.ParamValueFlag:
		return value.Flag()
	case types.ParamValueWhole:
		return value.Whole()
	case types.ParamValueDecimal:
		number, _ := strconv.ParseFloat(value.Decimal(), 64)
		return number
	case types.ParamValueSeconds:
		return value.Seconds()
	case types.ParamValueMoney:
		return value.Money()
	case types.ParamValueMany:
		return value.Many()
	default:
		return value.Text()
	}
}

// Hundredths is an amount in hundredths of its currency: exact, which floating point is not.
func Hundredths(money Money) (int64, error) {
	whole, part, hasPart := strings.Cut(money.Amount, ".")
	digits := strings.TrimLeft(whole, "+-")
	if digits == "" || len(whole)-len(digits) > 1 || hasPart && part == "" || len(part) > 2 ||
		strings.ContainsAny(part, "+-") {
		return 0, Fail("invalid-amount", "`%s` is no amount", money.Amount)
	}
	value, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil {
		return 0, Fail("invalid-amount", "`%s` is no amount, or too large", money.Amount)
	}
	return value, nil
}

// Answer is the answer of a call, or its refusal as an error. The packages of the interfaces call it.
func Answer[T any](result witTypes.Result[T, types.Error]) (T, error) {
	if result.IsOk() {
		return result.Ok(), nil
	}
	var none T
	refusal := result.Err()
	return none, &Failure{Code: refusal.Code, Message: refusal.Message, Retryable: refusal.Retryable}
}

// Refusal is the refusal of a call that answers nothing, if it was refused.
func Refusal(result witTypes.Result[witTypes.Unit, types.Error]) error {
	_, err := Answer(result)
	return err
}

// Settle calls `run`, and turns what it returns into what the host understands. A panic says its place first.
func Settle(run func(Invocation) (Outcome, error), invocation Invocation) witTypes.Result[Outcome, types.Failure] {
	defer func() {
		if panicked := recover(); panicked != nil {
			signalbox_robot_log.Panicked(fmt.Sprintf("%v%s", panicked, place()))
			panic(panicked)
		}
	}()
	outcome, err := run(invocation)
	if err == nil {
		return witTypes.Ok[Outcome, types.Failure](outcome)
	}
	failure := &Failure{Code: "exception", Message: err.Error()}
	errors.As(err, &failure)
	return witTypes.Err[Outcome](types.Failure{Code: failure.Code, Message: failure.Message, Retryable: failure.Retryable})
}

// place is where the robot's own code panicked.
func place() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		isOurs := strings.HasPrefix(frame.Function, "signalbox.") || strings.HasPrefix(frame.Function, "runtime.")
		if !isOurs && frame.File != "" {
			return fmt.Sprintf(" at %s:%d", strings.Replace(frame.File, "@v0.0.0", "", 1), frame.Line)
		}
		if !more {
			return ""
		}
	}
}
