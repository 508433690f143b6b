package ffi

// #include "rsocket.h"
import "C"

import "unsafe"

// Kinds of commands.
const (
	CommandRequestResponse uint16 = C.RSOCKET_COMMAND_REQUEST_RESPONSE
	CommandFireAndForget   uint16 = C.RSOCKET_COMMAND_FIRE_AND_FORGET
	CommandCancel          uint16 = C.RSOCKET_COMMAND_CANCEL
	CommandRespond         uint16 = C.RSOCKET_COMMAND_RESPOND
	CommandRespondError    uint16 = C.RSOCKET_COMMAND_RESPOND_ERROR
	CommandAcceptSetup     uint16 = C.RSOCKET_COMMAND_ACCEPT_SETUP
	CommandRejectSetup     uint16 = C.RSOCKET_COMMAND_REJECT_SETUP
	CommandClose           uint16 = C.RSOCKET_COMMAND_CLOSE
	CommandRequestStream   uint16 = C.RSOCKET_COMMAND_REQUEST_STREAM
	CommandRequestChannel  uint16 = C.RSOCKET_COMMAND_REQUEST_CHANNEL
	CommandRequestN        uint16 = C.RSOCKET_COMMAND_REQUEST_N
	CommandItem            uint16 = C.RSOCKET_COMMAND_ITEM
	CommandComplete        uint16 = C.RSOCKET_COMMAND_COMPLETE
	CommandError           uint16 = C.RSOCKET_COMMAND_ERROR
	CommandCancelReceiving uint16 = C.RSOCKET_COMMAND_CANCEL_RECEIVING
	CommandMetadataPush    uint16 = C.RSOCKET_COMMAND_METADATA_PUSH
	CommandGrantLease      uint16 = C.RSOCKET_COMMAND_GRANT_LEASE
	CommandRejectResume    uint16 = C.RSOCKET_COMMAND_REJECT_RESUME
)

// Kinds of events.
const (
	EventSetup           uint16 = C.RSOCKET_EVENT_SETUP
	EventRequestResponse uint16 = C.RSOCKET_EVENT_REQUEST_RESPONSE
	EventFireAndForget   uint16 = C.RSOCKET_EVENT_FIRE_AND_FORGET
	EventResponse        uint16 = C.RSOCKET_EVENT_RESPONSE
	EventFailed          uint16 = C.RSOCKET_EVENT_FAILED
	EventCancelled       uint16 = C.RSOCKET_EVENT_CANCELLED
	EventRefused         uint16 = C.RSOCKET_EVENT_REFUSED
	EventDraining        uint16 = C.RSOCKET_EVENT_DRAINING
	EventClosed          uint16 = C.RSOCKET_EVENT_CLOSED
	EventReleased        uint16 = C.RSOCKET_EVENT_RELEASED
	EventRequestStream   uint16 = C.RSOCKET_EVENT_REQUEST_STREAM
	EventRequestChannel  uint16 = C.RSOCKET_EVENT_REQUEST_CHANNEL
	EventItem            uint16 = C.RSOCKET_EVENT_ITEM
	EventRequesterFailed uint16 = C.RSOCKET_EVENT_REQUESTER_FAILED
	EventGranted         uint16 = C.RSOCKET_EVENT_GRANTED
	EventNoMoreWanted    uint16 = C.RSOCKET_EVENT_NO_MORE_WANTED
	EventMetadataPush    uint16 = C.RSOCKET_EVENT_METADATA_PUSH
	EventLease           uint16 = C.RSOCKET_EVENT_LEASE
	EventResume          uint16 = C.RSOCKET_EVENT_RESUME
	EventResumed         uint16 = C.RSOCKET_EVENT_RESUMED
	EventSuspended       uint16 = C.RSOCKET_EVENT_SUSPENDED
)

// Flags of commands and events.
const (
	FlagMetadata  uint16 = C.RSOCKET_FLAG_METADATA
	FlagArena     uint16 = C.RSOCKET_FLAG_ARENA
	FlagExternal  uint16 = C.RSOCKET_FLAG_EXTERNAL
	FlagNoPayload uint16 = C.RSOCKET_FLAG_NO_PAYLOAD
	FlagComplete  uint16 = C.RSOCKET_FLAG_COMPLETE
	FlagResponder uint16 = C.RSOCKET_FLAG_RESPONDER
	FlagLibrary   uint16 = C.RSOCKET_FLAG_LIBRARY
)

// Parts of a payload.
const (
	PartData     uint16 = C.RSOCKET_PART_DATA
	PartMetadata uint16 = C.RSOCKET_PART_METADATA
)

// Flags of progress.
const (
	ProgressClosed      uint32 = C.RSOCKET_PROGRESS_CLOSED
	ProgressMoreOutput  uint32 = C.RSOCKET_PROGRESS_MORE_OUTPUT
	ProgressSuspended   uint32 = C.RSOCKET_PROGRESS_SUSPENDED
	ProgressNoTransport uint32 = C.RSOCKET_PROGRESS_NO_TRANSPORT
)

// Who ended a connection.
const (
	OriginUser      uint32 = C.RSOCKET_ORIGIN_USER
	OriginLibrary   uint32 = C.RSOCKET_ORIGIN_LIBRARY
	OriginRemote    uint32 = C.RSOCKET_ORIGIN_REMOTE
	OriginTransport uint32 = C.RSOCKET_ORIGIN_TRANSPORT
)

// Command is rsocket_command.
type Command struct {
	Token       uint64
	Stream      uint32
	Code        uint32
	Offset      uint32
	MetadataLen uint32
	DataLen     uint32
	Kind        uint16
	Flags       uint16
}

// Event is rsocket_event.
type Event struct {
	Token       uint64
	Stream      uint32
	Code        uint32
	Offset      uint32
	MetadataLen uint32
	DataLen     uint32
	Kind        uint16
	Flags       uint16
}

// Segment is rsocket_segment.
type Segment struct {
	Token    uint64
	Buffered uint32
	Offset   uint32
	Len      uint32
	Part     uint16
	Last     uint16
}

// Progress is rsocket_progress.
type Progress struct {
	ReceivedUsed   int
	ReceivedNeeded int
	CommandsUsed   int
	EventsLen      int
	OutputLen      int
	SegmentsLen    int
	DeadlineNS     uint64
	ArenaLen       int
	Flags          uint32
}

// The Go records have the layout of the C ones; a difference does not compile.
var (
	_ [unsafe.Sizeof(C.rsocket_command{})]byte            = [unsafe.Sizeof(Command{})]byte{}
	_ [unsafe.Sizeof(C.rsocket_event{})]byte              = [unsafe.Sizeof(Event{})]byte{}
	_ [unsafe.Sizeof(C.rsocket_segment{})]byte            = [unsafe.Sizeof(Segment{})]byte{}
	_ [unsafe.Sizeof(C.rsocket_progress{})]byte           = [unsafe.Sizeof(Progress{})]byte{}
	_ [unsafe.Offsetof(C.rsocket_command{}.flags)]byte    = [unsafe.Offsetof(Command{}.Flags)]byte{}
	_ [unsafe.Offsetof(C.rsocket_event{}.flags)]byte      = [unsafe.Offsetof(Event{}.Flags)]byte{}
	_ [unsafe.Offsetof(C.rsocket_segment{}.last)]byte     = [unsafe.Offsetof(Segment{}.Last)]byte{}
	_ [unsafe.Offsetof(C.rsocket_progress{}.flags)]byte   = [unsafe.Offsetof(Progress{}.Flags)]byte{}
	_ [unsafe.Offsetof(C.rsocket_command{}.data_len)]byte = [unsafe.Offsetof(Command{}.DataLen)]byte{}
)
