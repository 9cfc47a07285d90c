package identity_test

import (
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
)

type journalEvent = journal.Event

func identityText(vi string) i18n.Text { return i18n.V(vi) }
