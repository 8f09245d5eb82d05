using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;

namespace Kist.Cli.References;

/// <summary>Opens the source of an environment.</summary>
internal static class SecretSources
{
    /// <summary>The source that values come from.</summary>
    /// <param name="leases">Takes the leases of what is read; null: they are left to themselves.</param>
    public static Problem? Open(
        Session session, ProjectEnvironment environment, out ISecretSource source, HeldLeases? leases = null)
    {
        if (environment.Files.Count > 0) return FileSource.Open(session, environment, out source);
        var there = session.At(environment);
        source = new ServerSource(there, environment, leases);
        return environment.Address is null || session.NamedAddress is not null ? null : Trust(session, environment);
    }

    // The file that names the server is the repository's, and the token is the person's: whoever can write the one
    // must not get the other.
    private static Problem? Trust(Session session, ProjectEnvironment environment)
    {
        var address = environment.Address!.TrimEnd('/');
        if (address.StartsWith("unix:", StringComparison.Ordinal)
            || (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.IsLoopback)) return null;
        foreach (var name in Settings.AddressNames)
            if (Same(Environment.GetEnvironmentVariable(name), address)) return null;
        var list = Path.Combine(
            Path.GetDirectoryName(TokenFile.DefaultPath(Environment.GetEnvironmentVariable))!, "servers");
        if (File.Exists(list) && File.ReadLines(list).Any(line => Same(line.Trim(), address))) return null;
        var question = $"{ProjectConfig.FileName} names the server {address} for {environment.Name}. "
            + "Your token goes there";
        if (Prompt.Confirm(session.Screen, question, yes: false) is { } refused)
            return refused with
            {
                Message = $"{ProjectConfig.FileName} names the server {address}, which you have not used before",
                Hint = $"echo {address} >> {list}   (your token goes there); or KIST_ADDR={address}",
            };
        Directory.CreateDirectory(Path.GetDirectoryName(list)!);
        File.AppendAllText(list, address + "\n");
        return null;
    }

    private static bool Same(string? one, string other) =>
        one is not null && string.Equals(one.TrimEnd('/'), other, StringComparison.OrdinalIgnoreCase);
}
