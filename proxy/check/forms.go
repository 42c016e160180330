package check

const autoconfigForm = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="{{x .Domain}}">
    <domain>{{x .Domain}}</domain>
    <displayName>{{x .Domain}}{{if .Via}} (through mailtap){{end}}</displayName>
    <displayShortName>{{x .Domain}}</displayShortName>
{{- $in := index .Incoming 0}}
{{- range .Incoming}}
    <incomingServer type="{{x .Type}}">
      <hostname>{{x .Server}}</hostname>
      <port>{{.Port}}</port>
      <socketType>{{.Socket}}</socketType>
{{- range .Auth}}
      <authentication>{{.}}</authentication>
{{- end}}
      <username>{{x .Name}}</username>
    </incomingServer>
{{- end}}
{{- with .Outgoing}}
    <outgoingServer type="smtp">
      <hostname>{{x .Host}}</hostname>
      <port>{{x .Port}}</port>
      <socketType>{{.Socket}}</socketType>
{{- range $in.Auth}}
      <authentication>{{.}}</authentication>
{{- end}}
      <username>{{x $in.Name}}</username>
    </outgoingServer>
{{- else}}
    <!-- No server for sending mail is known: clients want an outgoingServer here. -->
{{- end}}
  </emailProvider>
</clientConfig>
`

const autodiscoverForm = `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="` + outlookResponse + `">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
{{- range .Incoming}}
      <Protocol>
        <Type>{{title .Type}}</Type>
        <Server>{{x .Server}}</Server>
        <Port>{{.Port}}</Port>
        <DomainRequired>off</DomainRequired>
{{- if .Name}}
        <LoginName>{{x .Name}}</LoginName>
{{- end}}
        <SPA>off</SPA>
        <SSL>{{if eq .Socket "plain"}}off{{else}}on{{end}}</SSL>
        <Encryption>{{if eq .Socket "SSL"}}SSL{{else if eq .Socket "STARTTLS"}}TLS{{else}}None{{end}}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
{{- end}}
{{- with .Outgoing}}
      <Protocol>
        <Type>SMTP</Type>
        <Server>{{x .Host}}</Server>
        <Port>{{x .Port}}</Port>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>{{if eq .Socket "SSL"}}SSL{{else}}TLS{{end}}</Encryption>
        <AuthRequired>on</AuthRequired>
        <UsePOPAuth>on</UsePOPAuth>
      </Protocol>
{{- end}}
    </Account>
  </Response>
</Autodiscover>
`

// An account has one incoming server: IMAP's, where both are there. Apple wants
// a server for sending too; where none is known it is asked for at installation
// with the incoming server's name filled in.
const mobileconfigForm = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
{{- $in := index .Incoming 0}}
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.mail.managed</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>mailtap.{{x .Domain}}.mail</string>
      <key>PayloadUUID</key><string>{{uuid "mail" .Domain .Address}}</string>
      <key>PayloadDisplayName</key><string>{{x .Domain}}</string>
      <key>EmailAccountDescription</key><string>{{x .Domain}}{{if .Via}} (through mailtap){{end}}</string>
      <key>EmailAccountType</key><string>{{if eq $in.Type "imap"}}EmailTypeIMAP{{else}}EmailTypePOP{{end}}</string>
{{- if .Address}}
      <key>EmailAddress</key><string>{{x .Address}}</string>
{{- end}}
      <key>IncomingMailServerHostName</key><string>{{x $in.Server}}</string>
      <key>IncomingMailServerPortNumber</key><integer>{{$in.Port}}</integer>
      <key>IncomingMailServerUseSSL</key>{{if eq $in.Socket "plain"}}<false/>{{else}}<true/>{{end}}
      <key>IncomingMailServerAuthentication</key><string>{{if eq (index $in.Auth 0) "password-encrypted"}}EmailAuthCRAMMD5{{else}}EmailAuthPassword{{end}}</string>
{{- if $in.Name}}
      <key>IncomingMailServerUsername</key><string>{{x $in.Name}}</string>
{{- end}}
      <key>OutgoingMailServerHostName</key><string>{{with .Outgoing}}{{x .Host}}{{else}}{{x $in.Server}}{{end}}</string>
{{- with .Outgoing}}
      <key>OutgoingMailServerPortNumber</key><integer>{{x .Port}}</integer>
{{- end}}
      <key>OutgoingMailServerUseSSL</key><true/>
      <key>OutgoingMailServerAuthentication</key><string>EmailAuthPassword</string>
      <key>OutgoingPasswordSameAsIncomingPassword</key><true/>
{{- if $in.Name}}
      <key>OutgoingMailServerUsername</key><string>{{x $in.Name}}</string>
{{- end}}
    </dict>
{{- if .CA}}
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>mailtap.{{x .Domain}}.ca</string>
      <key>PayloadUUID</key><string>{{uuid "ca" .CA}}</string>
      <key>PayloadDisplayName</key><string>mailtap's certificate authority</string>
      <key>PayloadCertificateFileName</key><string>mailtap.cer</string>
      <key>PayloadContent</key><data>{{.CA}}</data>
    </dict>
{{- end}}
  </array>
  <key>PayloadDisplayName</key><string>Mail for {{x .Domain}}{{if .Via}} through mailtap{{end}}</string>
  <key>PayloadDescription</key><string>Sets up mail{{with .Address}} for {{x .}}{{end}} at {{x .Domain}}.{{if .CA}} Full trust for mailtap's certificate authority has to be switched on by hand: Settings, General, About, Certificate Trust Settings.{{end}}</string>
  <key>PayloadIdentifier</key><string>mailtap.{{x .Domain}}</string>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadUUID</key><string>{{uuid "profile" .Domain .Address}}</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadRemovalDisallowed</key><false/>
</dict>
</plist>
`
