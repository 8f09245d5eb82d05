using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>An identity whose key only a plug-in can use, <c>AGE-PLUGIN-NAME-1…</c> (<c>c2sp.org/age-plugin</c>,
/// "Unwrapping with identity-v1").</summary>
public sealed class PluginIdentity : IAgeIdentity
{
    private readonly string _name;
    private readonly SecretBuffer _text;
    private readonly AgeHost? _host;

    private PluginIdentity(string name, ReadOnlySpan<byte> text, AgeHost? host) =>
        (_name, _text, _host) = (name, SecretBuffer.Copy(text), host);

    /// <summary>The identity of a plug-in that needs no more than its name.</summary>
    public static AgeOutcome<IAgeIdentity> OfName(string name, AgeHost? host)
    {
        if (!PluginName.IsValid(name)) return Wrong();
        var text = Bech32.Encode(PluginName.PrefixOf(name), [], upper: true);
        return AgeOutcome<IAgeIdentity>.Of(new PluginIdentity(name, Encoding.ASCII.GetBytes(text), host));
    }

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        if (!PluginConnection.Open(_name, "identity-v1", _host).Try(out var plugin, out var fault)) return fault;
        using (plugin)
        {
            var sent = plugin.TrySend("add-identity", _text.Span) && plugin.TrySendGrease();
            foreach (var stanza in stanzas) sent = sent && plugin.TrySend(stanza);
            sent = sent && plugin.TrySend("done");
            return sent ? Receive(plugin) : plugin.Fault("it ended before it was done");
        }
    }

    /// <summary>The identity itself as a recipient: the plug-in knows what to make of it.</summary>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of(
            [new PluginRecipient(_name, SecretBuffer.Copy(_text.Span), isIdentity: true, _host)]);

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the identity.</summary>
    public void Dispose() => _text.Dispose();

    internal static AgeOutcome<IAgeIdentity> Create(ReadOnlySpan<byte> text, string prefix, AgeHost? host) =>
        PluginName.OfIdentity(prefix) is { } name
            ? AgeOutcome<IAgeIdentity>.Of(new PluginIdentity(name, text, host)) : Wrong();

    private static AgeOutcome<SecretBuffer?> Receive(PluginConnection plugin)
    {
        SecretBuffer? fileKey = null;
        while (true)
        {
            var outcome = Step(plugin, ref fileKey, out var done);
            if (outcome is null && !done) continue;
            if (outcome is null) return AgeOutcome<SecretBuffer?>.Of(fileKey);
            fileKey?.Dispose();
            return outcome;
        }
    }

    private static AgeFault? Step(PluginConnection plugin, ref SecretBuffer? fileKey, out bool done)
    {
        done = false;
        if (!plugin.Read().Try(out var stanza, out var fault)) return fault;
        switch (stanza.Type)
        {
            case "done":
                done = true;
                return null;
            case "error":
                plugin.TrySend("ok");
                return plugin.Fault(PluginConnection.Screened(stanza.Body.Span));
            case "file-key":
                if (stanza.Arguments is not ["0"] || stanza.Body.Length != FileKey.Bytes || fileKey is not null)
                    return plugin.Fault("it sent no file key, or one that it was not asked for");
                fileKey = SecretBuffer.Copy(stanza.Body.Span);
                CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(stanza.Body).Span);
                return plugin.TrySend("ok") ? null : plugin.Fault("it ended before it was done");
            default:
                return plugin.Answer(stanza);
        }
    }

    private static AgeOutcome<IAgeIdentity> Wrong() => AgeOutcome<IAgeIdentity>.Failed(AgeFaultKind.Key,
        "the identity names a plug-in with characters that no plug-in's name has");
}
