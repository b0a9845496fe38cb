// Package wit_types has the values that the generated code speaks in: what may be missing, and what may be refused.
package wit_types

// The cases of an Option.
const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value that may be missing.
type Option[T any] struct {
	value T
	tag   uint8
}

// None is a missing value.
func None[T any]() Option[T] { return Option[T]{} }

// Some is a value that is there.
func Some[T any](value T) Option[T] { return Option[T]{value: value, tag: OptionSome} }

// Tag is OptionNone or OptionSome.
func (option Option[T]) Tag() uint8 { return option.tag }

// IsSome says whether the value is there.
func (option Option[T]) IsSome() bool { return option.tag == OptionSome }

// IsNone says whether it is missing.
func (option Option[T]) IsNone() bool { return option.tag == OptionNone }

// Some is the value; it panics where there is none.
func (option Option[T]) Some() T {
	if option.IsNone() {
		panic("there is no value")
	}
	return option.value
}

// SomeOr is the value, or another one where there is none.
func (option Option[T]) SomeOr(other T) T {
	if option.IsNone() {
		return other
	}
	return option.value
}

// The cases of a Result.
const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is an answer or a refusal.
type Result[T any, E any] struct {
	ok  T
	err E
	tag uint8
}

// Ok is an answer.
func Ok[T any, E any](value T) Result[T, E] { return Result[T, E]{ok: value, tag: ResultOk} }

// Err is a refusal.
func Err[T any, E any](value E) Result[T, E] { return Result[T, E]{err: value, tag: ResultErr} }

// Tag is ResultOk or ResultErr.
func (result Result[T, E]) Tag() uint8 { return result.tag }

// IsOk says whether it is an answer.
func (result Result[T, E]) IsOk() bool { return result.tag == ResultOk }

// IsErr says whether it is a refusal.
func (result Result[T, E]) IsErr() bool { return result.tag == ResultErr }

// Ok is the answer; it panics where there is none.
func (result Result[T, E]) Ok() T {
	if result.IsErr() {
		panic("this is a refusal")
	}
	return result.ok
}

// Err is the refusal; it panics where there is none.
func (result Result[T, E]) Err() E {
	if result.IsOk() {
		panic("this is an answer")
	}
	return result.err
}

// Unit is the value of what has none.
type Unit struct{}

// Tuple2 is a pair.
type Tuple2[A any, B any] struct {
	F0 A
	F1 B
}
