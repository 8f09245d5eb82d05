using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A recipient whose key only a plug-in understands, <c>age1NAME1…</c> (<c>c2sp.org/age-plugin</c>, "Wrapping
/// with recipient-v1").</summary>
public sealed class PluginRecipient : IAgeRecipient
{
    private readonly string _name;
    private readonly SecretBuffer _text;
    private readonly bool _isIdentity;
    private readonly AgeHost? _host;

    internal PluginRecipient(string name, SecretBuffer text, bool isIdentity, AgeHost? host) =>
        (_name, _text, _isIdentity, _host) = (name, text, isIdentity, host);

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        if (!PluginConnection.Open(_name, "recipient-v1", _host).Try(out var plugin, out var fault)) return fault;
        using (plugin)
        {
            var sent = plugin.TrySend(_isIdentity ? "add-identity" : "add-recipient", _text.Span)
                && plugin.TrySendGrease()
                && plugin.TrySend("wrap-file-key", body: fileKey.Span)
                && plugin.TrySend("extension-labels")
                && plugin.TrySend("done");
            return sent ? Receive(plugin) : plugin.Fault("it ended before it was done");
        }
    }

    /// <summary>The recipient as it is written; an identity is not shown.</summary>
    public override string ToString() => _isIdentity ? "[REDACTED]" : Encoding.ASCII.GetString(_text.Span);

    internal static AgeOutcome<IAgeRecipient> Create(string text, string prefix, AgeHost? host) =>
        PluginName.OfRecipient(prefix) is { } name
            ? AgeOutcome<IAgeRecipient>.Of(
                new PluginRecipient(name, SecretBuffer.Copy(Encoding.ASCII.GetBytes(text)), false, host))
            : AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key,
                "the recipient names a plug-in with characters that no plug-in's name has");

    private static AgeOutcome<AgeWrapped> Receive(PluginConnection plugin)
    {
        var stanzas = new List<AgeStanza>();
        IReadOnlyList<string>? labels = null;
        while (true)
        {
            if (!plugin.Read().Try(out var stanza, out var fault)) return fault;
            switch (stanza.Type)
            {
                case "done":
                    return stanzas.Count == 0 ? plugin.Fault("it wrapped nothing")
                        : AgeOutcome<AgeWrapped>.Of(new AgeWrapped(stanzas, labels ?? []));
                case "error":
                    plugin.TrySend("ok");
                    return plugin.Fault(PluginConnection.Screened(stanza.Body.Span));
                case "recipient-stanza":
                    if (stanza.Arguments is not ["0", var type, ..])
                        return plugin.Fault("it sent a stanza for a file that it was not given");
                    stanzas.Add(new AgeStanza(type, [.. stanza.Arguments.Skip(2)], stanza.Body));
                    if (!plugin.TrySend("ok")) return plugin.Fault("it ended before it was done");
                    break;
                case "labels":
                    if (labels is not null) return plugin.Fault("it sent its labels twice");
                    labels = stanza.Arguments;
                    if (!plugin.TrySend("ok")) return plugin.Fault("it ended before it was done");
                    break;
                default:
                    if (plugin.Answer(stanza) is { } wrong) return wrong;
                    break;
            }
        }
    }
}
