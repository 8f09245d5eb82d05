using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;
using Kist.Formats.Tests.Sops.Keys;
using Kist.Secrets;

namespace Kist.Formats.Tests.Sops;

/// <summary>A case of the corpus.</summary>
public sealed record SopsCase(string Id, string File, SopsFormat Format, string? Plaintext, string? PlaintextJson,
    string? Source, bool Decrypts, int Exit, string[] Keys, string[] Tags);

/// <summary>The files under Data/sops, and the keys that open them.</summary>
internal static class SopsData
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Data", "sops");

    public static IReadOnlyDictionary<string, SopsCase> Cases { get; } = ReadCases();

    public static byte[] Read(string path) => File.ReadAllBytes(Path.Combine(Folder, path));

    public static SopsFile Load(SopsCase one)
    {
        Assert.True(SopsFile.Load(Read(one.File), one.Format, one.File).Try(out var file, out var fault),
            fault?.ToString());
        return file;
    }

    public static byte[] Bytes(this SopsOutcome<SecretWriter> outcome)
    {
        Assert.True(outcome.Try(out var text, out var fault), fault?.ToString());
        using (text) return text.WrittenSpan.ToArray();
    }

    /// <summary>Decrypts as the command does; exit 0 with the text, or the fault.</summary>
    public static async Task<(byte[]? Plain, SopsFault? Fault)> Decrypt(
        byte[] bytes, SopsFormat format, string name, IReadOnlyList<ISopsKeySource> sources, SopsFormat? output = null)
    {
        if (!SopsFile.Load(bytes, format, name).Try(out var file, out var fault)) return (null, fault);
        var unwrapped = await DataKey.UnwrapAsync(file.Metadata, sources, ["age", "pgp"], CancellationToken.None);
        if (!unwrapped.Try(out var key, out fault)) return (null, fault with { File = name });
        using (key)
        {
            if (!file.Decrypt(key).Try(out var tree, out fault)) return (null, fault);
            using (tree)
            {
                if (!tree.Write(output ?? format, new SopsStyle()).Try(out var text, out fault)) return (null, fault);
                using (text) return (text.WrittenSpan.ToArray(), null);
            }
        }
    }

    private static Dictionary<string, SopsCase> ReadCases()
    {
        using var manifest = JsonDocument.Parse(Read("manifest.json"));
        return manifest.RootElement.EnumerateArray().Select(c => new SopsCase(
            Text(c, "id")!, Text(c, "file")!, SopsFormats.Named(Text(c, "format")!)!.Value, Text(c, "plaintext"),
            Text(c, "plaintext_json"), Text(c, "source"), Text(c, "expect") == "decrypt",
            c.GetProperty("real_exit_codes").GetProperty("3.13.2").GetInt32(),
            [.. c.GetProperty("key").EnumerateArray().Select(k => k.GetString()!)],
            [.. c.GetProperty("tags").EnumerateArray().Select(k => k.GetString()!)])).ToDictionary(c => c.Id);
    }

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}

/// <summary>The keys of the corpus, each of which opens only what is encrypted to it.</summary>
public sealed class SopsKeys : IDisposable
{
    private readonly KeyHome _home = new();
    private readonly Dictionary<string, KeyHome> _pgp = [];

    /// <summary>Sources that know the named keys and no others.</summary>
    public IReadOnlyList<ISopsKeySource> Of(IEnumerable<string> names)
    {
        var sources = new List<ISopsKeySource>();
        var age = new StringBuilder();
        var variables = new Dictionary<string, string>();
        foreach (var name in names)
        {
            if (name.StartsWith("age-")) age.Append(File.ReadAllText(KeyHome.Key($"TEST-{name}.txt"))).Append('\n');
            else if (name.StartsWith("ssh-"))
                variables["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] = KeyHome.Key("TEST-" + name);
            else if (name.StartsWith("pgp-")) sources.Add(new PgpKeySource(Pgp(name).Host));
            else sources.Add(new RawTransit());
        }
        if (age.Length > 0) variables["SOPS_AGE_KEY"] = age.ToString();
        variables["HOME"] = _home.Folder;
        sources.Add(new AgeKeySource(new KeyHost { Environment = variables }));
        return sources;
    }

    public void Dispose()
    {
        foreach (var home in _pgp.Values)
        {
            Gpg(home, "gpgconf", "--kill", "all");
            home.Dispose();
        }
        _home.Dispose();
    }

    private KeyHome Pgp(string name)
    {
        if (_pgp.TryGetValue(name, out var there)) return there;
        var home = _pgp[name] = new KeyHome();
        home.Variables["GNUPGHOME"] = Directory.CreateDirectory(Path.Combine(home.Folder, "g")).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(home.Variables["GNUPGHOME"],
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Gpg(home, "gpg", "--batch", "--import", KeyHome.Key($"TEST-{name}.sec.asc"));
        return home;
    }

    private static void Gpg(KeyHome home, string program, params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["GNUPGHOME"] = home.Variables["GNUPGHOME"];
        using var process = System.Diagnostics.Process.Start(start)!;
        process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
    }

    /// <summary>The transit key of the corpus without a server: its raw bytes are known.</summary>
    private sealed class RawTransit : ISopsKeySource
    {
        public string Kind => "hc_vault";

        public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct)
        {
            using var info = JsonDocument.Parse(File.ReadAllBytes(KeyHome.Key("TEST-vault-transit.json")));
            var raw = Convert.FromBase64String(info.RootElement.GetProperty("raw_key_base64").GetString()!);
            var text = Convert.FromBase64String(key.Enc["vault:v1:".Length..]);
            using var aes = new AesGcm(raw, 16);
            var plain = SecretBuffer.Rent(text.Length - 28);
            aes.Decrypt(text.AsSpan(0, 12), text.AsSpan(12..^16), text.AsSpan(^16..), plain.Span);
            return new(SopsOutcome<SecretBuffer>.Of(plain));
        }

        public ValueTask<SopsOutcome<MasterKey>> WrapAsync(
            MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct) =>
            new(SopsOutcome<MasterKey>.Of(key));
    }
}
