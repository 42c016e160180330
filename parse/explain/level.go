package explain

import "mailtap/parse/event"

// Level is how loud an event is in a log, in zerolog's words: info, warn or
// error. What failed is an error, what is not as it should be a warning.
func Level(e *event.Event) string {
	switch {
	case e.Level != event.SeverityNone:
		return e.Level.Level()
	case e.Finding != nil:
		return severityLevel(e.Finding.Severity)
	case e.TLS != nil && e.TLS.Failure != "", e.Route != nil && e.Route.Failure != "":
		return "error"
	case e.Error != "", e.Kind == event.KindGap, e.Dropped:
		return "warn"
	}
	return "info"
}

func severityLevel(s event.Severity) string {
	switch s {
	case event.SeverityError:
		return "error"
	case event.SeverityWarning:
		return "warn"
	}
	return "info"
}
