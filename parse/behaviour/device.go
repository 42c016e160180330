package behaviour

import (
	"slices"

	"mailtap/parse/event"
)

// Device is what uses an account: told apart by address, by what the client
// calls itself (IMAP ID), and by what its TLS offers. POP3 has no ID, so two
// programs at one address are one device where neither uses TLS.
type Device struct {
	Name    string   `json:"name"` // "Thunderbird 153 at 192.0.2.9"
	Address string   `json:"address"`
	Protos  []string `json:"protocols"`
	Visits  int      `json:"sessions"`

	client string   // its name, by IMAP ID
	hellos []string // of its TLS; "" in the clear
}

// Titles are its protocols as people write them.
func (d *Device) Titles() []string {
	var list []string
	for _, p := range d.Protos {
		list = append(list, event.ParseProto(p).Title())
	}
	return list
}

// use finds the device of a session, and gives it the session. A client that
// names itself is the one that was there before without a name.
func (acc *Account) use(v *visit, client string) {
	d := acc.known(v, client)
	if d == nil {
		d = &Device{Address: v.address, Name: acc.unnamed(v)}
		acc.Devices = append(acc.Devices, d)
	}
	if !slices.Contains(d.hellos, v.hello) {
		d.hellos = append(d.hellos, v.hello)
	}
	if !has(d.Protos, v.Proto) {
		d.Protos = append(d.Protos, v.Proto)
	}
	d.Visits++
	v.device, v.Device = d, d.Name
	if client != "" && d.client == "" {
		d.client, d.Name = client, client+" at "+v.address
		for _, other := range acc.Visits {
			if other.device == d {
				other.Device = d.Name
			}
		}
	}
}

// leave takes a session from its device, and the device away where it was the only one.
func (acc *Account) leave(v *Visit) {
	d := v.device
	if d.Visits--; d.Visits == 0 {
		acc.Devices = slices.DeleteFunc(acc.Devices, func(other *Device) bool { return other == d })
	}
}

// known is the device that a session is from; nil where it is a new one, or may
// be several.
func (acc *Account) known(v *visit, client string) (like *Device) {
	named := 0
	for _, d := range acc.Devices {
		if d.Address != v.address {
			continue
		}
		if client != "" && d.client == client {
			return d
		}
		if (client == "" || d.client == "") && slices.Contains(d.hellos, v.hello) {
			if d.client == "" {
				return d
			}
			like = d
			named++
		}
	}
	if named > 1 {
		return nil
	}
	return like
}

// unnamed names a device without a name: by its address, and by its TLS where
// another one is there.
func (acc *Account) unnamed(v *visit) string {
	for _, d := range acc.Devices {
		switch {
		case d.Address != v.address:
		case v.hello == "":
			return v.address + " (without TLS)"
		default:
			return v.address + " (TLS client " + v.hello + ")"
		}
	}
	return v.address
}
