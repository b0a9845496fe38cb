// Package export_signalbox_robot_entry is what the generated code calls.
package export_signalbox_robot_entry

import (
	robot "ROBOT"
	"signalbox"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
	types "wit_component/signalbox_robot_types"
)

// Run is what the host calls.
func Run(invocation types.Invocation) witTypes.Result[types.Outcome, types.Failure] {
	return signalbox.Settle(robot.Run, invocation)
}
