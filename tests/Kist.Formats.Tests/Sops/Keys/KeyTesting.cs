using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;
using Kist.Secrets;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>An empty home with nothing in its environment but what a test puts there.</summary>
internal sealed class KeyHome : IDisposable
{
    private static readonly string s_keys = Path.Combine(AppContext.BaseDirectory, "Data", "sops", "keys");

    public string Folder { get; } = Directory.CreateTempSubdirectory("kist-keys-").FullName;

    public Dictionary<string, string> Variables { get; } = [];

    public Kist.Formats.Age.AgeHost Age { get; set; } = new();

    public KeyHost Host
    {
        get
        {
            var variables = new Dictionary<string, string>(Variables);
            variables.TryAdd("HOME", Folder);
            variables.TryAdd("PATH", "/usr/bin:/bin");
            return new KeyHost { Environment = variables, Age = Age };
        }
    }

    public static string Key(string name) => Path.Combine(s_keys, name);

    public string Put(string path, string text)
    {
        var full = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public string Program(string name, string script)
    {
        var path = Put(name, script);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

internal static class KeyTesting
{
    public static readonly byte[] DataKey = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static async Task<MasterKey> Wrap(this ISopsKeySource source, MasterKey key)
    {
        var outcome = await source.WrapAsync(key, DataKey, CancellationToken.None);
        Assert.True(outcome.Try(out var wrapped, out var fault), fault?.Message);
        return wrapped;
    }

    public static async Task Opens(this ISopsKeySource source, MasterKey key)
    {
        var outcome = await source.UnwrapAsync(key, CancellationToken.None);
        Assert.True(outcome.Try(out var part, out var fault), fault?.Message);
        using (part) Assert.Equal(DataKey, part.Span.ToArray());
    }

    public static async Task<string> Fails(this ISopsKeySource source, MasterKey key)
    {
        var outcome = await source.UnwrapAsync(key, CancellationToken.None);
        Assert.NotNull(outcome.Fault);
        return outcome.Fault.Message;
    }
}
