using System.Text;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>
/// The age identities of this machine, from every place where sops looks. A place that cannot be read does not stop the
/// others; all of them are remembered for the message that says where keys were looked for.
/// </summary>
internal sealed class AgeIdentities : IDisposable
{
    private const int MaxFile = 16 << 20;
    private readonly KeyHost _host;
    private readonly List<IAgeIdentity> _identities = [];
    private readonly List<string> _places = [];

    private AgeIdentities(KeyHost host) => _host = host;

    /// <summary>All identities, those that ask nobody first.</summary>
    public IReadOnlyList<IAgeIdentity> All => _identities;

    /// <summary>Where they were looked for and what was found: <c>SOPS_AGE_KEY is not set</c>.</summary>
    public IReadOnlyList<string> Places => _places;

    /// <summary>Looks everywhere.</summary>
    /// <param name="recipient">The recipient that a command of SOPS_AGE_KEY_CMD is asked for.</param>
    public static AgeIdentities Collect(KeyHost host, string recipient)
    {
        var found = new AgeIdentities(host);
        found.AddSsh(recipient);
        if (host.Value("SOPS_AGE_KEY") is { } inline) found.AddText("SOPS_AGE_KEY", Encoding.UTF8.GetBytes(inline));
        else found._places.Add("SOPS_AGE_KEY is not set");
        if (host.Value("SOPS_AGE_KEY_FILE") is { } file) found.AddFile($"SOPS_AGE_KEY_FILE ({file})", file);
        else found._places.Add("SOPS_AGE_KEY_FILE is not set");
        if (host.Value("SOPS_AGE_KEY_CMD") is { } command) found.AddCommand("SOPS_AGE_KEY_CMD", command, recipient);
        else found._places.Add("SOPS_AGE_KEY_CMD is not set");
        if (host.AgeKeyFile is { } own)
        {
            if (File.Exists(own)) found.AddFile(own, own);
            else found._places.Add($"{own} is not there");
        }
        found._identities.Sort(static (a, b) => Asking(a).CompareTo(Asking(b)));
        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var identity in _identities) identity.Dispose();
    }

    private static int Asking(IAgeIdentity identity) => identity switch
    {
        EncryptedIdentities or ProtectedSshIdentity => 2,
        PluginIdentity => 1,
        _ => 0,
    };

    private void AddSsh(string recipient)
    {
        if (_host.Value("SOPS_AGE_SSH_PRIVATE_KEY_FILE") is { } file)
            AddFile($"SOPS_AGE_SSH_PRIVATE_KEY_FILE ({file})", file);
        if (_host.Value("SOPS_AGE_SSH_PRIVATE_KEY_CMD") is { } command)
            AddCommand("SOPS_AGE_SSH_PRIVATE_KEY_CMD", command, recipient);
        foreach (var name in (ReadOnlySpan<string>)["id_ed25519", "id_rsa"])
        {
            if (_host.InHome(".ssh", name) is not { } path) continue;
            if (File.Exists(path)) AddFile(path, path);
            else _places.Add($"{path} is not there");
        }
    }

    private void AddFile(string place, string file)
    {
        try
        {
            using var content = new SecretWriter(4096);
            using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            while (input.Read(content.GetSpan(4096)) is > 0 and var read)
            {
                content.Advance(read);
                if (content.WrittenCount <= MaxFile) continue;
                _places.Add($"{place} has more than 16 MiB");
                return;
            }
            Add(place, content.WrittenSpan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            _places.Add($"{place} is not there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _places.Add($"{place} cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    private void AddCommand(string place, string command, string recipient)
    {
        if (CommandWords.Split(command) is not [var name, .. var arguments])
        {
            _places.Add($"{place} is no command: a quote is not closed, or it is empty");
            return;
        }
        if (KeyProgram.Find(name, _host, out var reason) is not { } program)
        {
            _places.Add($"{place}: {reason}");
            return;
        }
        var more = new Dictionary<string, string> { ["SOPS_AGE_RECIPIENT"] = recipient };
        using var output = program.Run(arguments, null, more, static _ => false, out var said);
        if (output is null) _places.Add($"{place}: {name} failed: {said}");
        else Add(place, output.WrittenSpan);
    }

    // In a variable identities may stand on one line, between blanks.
    private void AddText(string place, byte[] text)
    {
        using var lines = SecretBuffer.Copy(text);
        var isFile = lines.Span.IndexOf("-----BEGIN"u8) >= 0 || lines.Span.IndexOf((byte)'#') >= 0;
        for (var i = 0; !isFile && i < lines.Length; i++)
            if (lines.Span[i] is (byte)' ' or (byte)'\t') lines.Span[i] = (byte)'\n';
        Add(place, lines.Span);
        text.AsSpan().Clear();
    }

    private void Add(string place, ReadOnlySpan<byte> content)
    {
        if (!AgeIdentity.ParseFile(content, place, _host.Age).Try(out var identities, out var fault))
        {
            _places.Add(fault.Message.StartsWith(place, StringComparison.Ordinal)
                ? fault.Message : $"{place}: {fault.Message}");
            return;
        }
        _identities.AddRange(identities);
        _places.Add(identities is [EncryptedIdentities or ProtectedSshIdentity] ? $"{place} (needs a passphrase)"
            : $"{place} ({identities.Count} {(identities.Count == 1 ? "identity" : "identities")})");
    }
}
