using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Cli.Age;

/// <summary>The recipients and identities that a command line names, read from it and from its files.</summary>
internal sealed class AgeKeys(AgeFlags flags, Screen screen) : IDisposable
{
    private const int MaxKeyFile = 16 << 20;
    private readonly List<IAgeIdentity> _identities = [];
    private readonly List<IAgeRecipient> _recipients = [];
    private SecretBuffer? _passphrase;

    public IReadOnlyList<IAgeIdentity> Identities => _identities;

    public IReadOnlyList<IAgeRecipient> Recipients => _recipients;

    /// <summary>Reads whom to encrypt to.</summary>
    public Problem? ReadRecipients()
    {
        if (ReadPassphraseFile() is { } unread) return unread;
        var host = TerminalHost.Create(screen, _passphrase);
        if (flags.Recipients.Length + flags.RecipientFiles.Length + flags.IdentityFiles.Length + flags.Plugins.Length
            == 0)
            return AddPassphrase();
        foreach (var text in flags.Recipients)
        {
            if (!AgeRecipient.Parse(text, host).Try(out var recipient, out var fault))
                return Wrong(fault with { Message = $"-r {Shown(text)}: {fault.Message}" });
            _recipients.Add(recipient);
        }
        foreach (var file in flags.RecipientFiles)
        {
            if (Read(file, "recipients file", out var content) is { } problem) return problem;
            using (content)
            {
                var warnings = new List<string>();
                var outcome = AgeRecipient.ParseFile(content.WrittenSpan, file, warnings, host);
                foreach (var warning in warnings) screen.Warn(warning);
                if (!outcome.Try(out var recipients, out var fault)) return Wrong(fault);
                _recipients.AddRange(recipients);
            }
        }
        if (ReadIdentities(host) is { } failed) return failed;
        foreach (var identity in _identities)
        {
            if (!identity.Recipients().Try(out var recipients, out var fault)) return Wrong(fault);
            _recipients.AddRange(recipients);
        }
        return null;
    }

    /// <summary>Reads what to decrypt with: identities if any are named, else a passphrase.</summary>
    public Problem? ReadIdentities()
    {
        if (ReadPassphraseFile() is { } unread) return unread;
        var host = TerminalHost.Create(screen, _passphrase);
        if (flags.HasIdentities)
        {
            _identities.Add(new UnwantedPassphrase());
            return ReadIdentities(host);
        }
        _identities.Add(new ScryptIdentity(() => host.AskSecret!("Enter passphrase")));
        return null;
    }

    public void Dispose()
    {
        foreach (var identity in _identities) identity.Dispose();
        foreach (var recipient in _recipients) (recipient as IDisposable)?.Dispose();
        _passphrase?.Dispose();
    }

    /// <summary>A fault as people see it.</summary>
    public static Problem Wrong(AgeFault fault) => new(fault.Message, fault.Kind switch
    {
        AgeFaultKind.NoMatch when fault.Message.Contains("passphrase", StringComparison.Ordinal) =>
            "mind the case of its letters, and blanks at its ends",
        AgeFaultKind.NoMatch => "-i FILE with the private key of one of the file's recipients",
        AgeFaultKind.Refused when fault.Message.Contains("terminal", StringComparison.Ordinal)
            => "--passphrase-file FILE, or run it at a terminal",
        AgeFaultKind.Armor or AgeFaultKind.Header or AgeFaultKind.Mac or AgeFaultKind.Payload =>
            "get the file once more: it was damaged on its way, or is no age file",
        _ => null,
    }, fault.Message == Prompt.Interruption ? 130 : Problem.Local);

    /// <summary>Opens a file without locking others out of it.</summary>
    public static FileStream OpenFile(string file) => new(
        file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    /// <summary>Reads a key file.</summary>
    public static Problem? Read(string file, string kind, out SecretWriter content)
    {
        content = new SecretWriter(4096);
        try
        {
            using var input = file == "-" ? DescriptorStream.Standard(0)
                : OpenFile(file);
            while (true)
            {
                var read = input.Read(content.GetSpan(4096));
                if (read == 0) return null;
                content.Advance(read);
                if (content.WrittenCount > MaxKeyFile)
                    return new Problem($"the {kind} {file} has more than 16 MiB");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the {kind} {file} cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    private Problem? ReadIdentities(AgeHost host)
    {
        foreach (var file in flags.IdentityFiles)
        {
            if (Read(file, "identity file", out var content) is { } problem) return problem;
            using (content)
            {
                if (!AgeIdentity.ParseFile(content.WrittenSpan, file, host).Try(out var identities, out var fault))
                    return Wrong(fault);
                _identities.AddRange(identities);
            }
        }
        foreach (var plugin in flags.Plugins)
        {
            if (!PluginIdentity.OfName(plugin, host).Try(out var identity, out var fault)) return Wrong(fault);
            _identities.Add(identity);
        }
        return null;
    }

    private Problem? AddPassphrase()
    {
        if (_passphrase is not null)
        {
            _recipients.Add(new ScryptRecipient(_passphrase.Span));
            return null;
        }
        var asked = TerminalHost.AskSecret("Enter passphrase (leave empty to autogenerate a secure one)");
        if (!asked.Try(out var passphrase, out var fault)) return Wrong(fault);
        using (passphrase)
        {
            if (passphrase.Length == 0) return AddNewPassphrase();
            if (!TerminalHost.AskSecret("Confirm passphrase").Try(out var again, out fault)) return Wrong(fault);
            using (again)
                if (!passphrase.FixedTimeEquals(again.Span)) return new Problem("the passphrases are not the same");
            _recipients.Add(new ScryptRecipient(passphrase.Span));
            return null;
        }
    }

    // 130 bits in letters that are hard to mistake for each other.
    private Problem? AddNewPassphrase()
    {
        using var made = SecretBuffer.Rent(26 + 5);
        for (var i = 0; i < made.Length; i++)
            made.Span[i] = i % 6 == 5 ? (byte)'-'
                : "abcdefghjkmnpqrstuvwxyz123456789"u8[
                    System.Security.Cryptography.RandomNumberGenerator.GetInt32(32)];
        screen.Ask("Using the autogenerated passphrase ");
        screen.Ask(made.Span);
        screen.Ask("\n");
        _recipients.Add(new ScryptRecipient(made.Span));
        return null;
    }

    private Problem? ReadPassphraseFile()
    {
        if (flags.PassphraseFile is not { } file) return null;
        if (Read(file, "passphrase file", out var content) is { } problem) return problem;
        using (content)
        {
            _passphrase = SecretBuffer.Copy(Prompt.TrimNewline(content).WrittenSpan);
            return _passphrase.Length > 0 ? null : new Problem($"the passphrase file {file} is empty");
        }
    }

    // A recipient is public, but what was typed in its place may be anything.
    private static string Shown(string text) => text.StartsWith("age1", StringComparison.Ordinal) && text.Length > 16
        ? text[..16] + "…" : text.StartsWith("ssh-", StringComparison.Ordinal) ? text.Split(' ')[0] : "RECIPIENT";

    /// <summary>Says what to do about a file that a passphrase opens, where keys were given.</summary>
    private sealed class UnwantedPassphrase : IAgeIdentity
    {
        public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas) =>
            stanzas is [{ Type: "scrypt" }]
                ? AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Key,
                    "the file is encrypted with a passphrase, and -i or -j name keys: leave them out")
                : default;

        public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
            AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of([]);

        public void Dispose()
        {
        }
    }
}
