using System.Text;
using Kist.Cli.Output;

namespace Kist.Cli.Client;

/// <summary>
/// The file that keeps a person's token between commands: <c>KIST_TOKEN_FILE</c>, else
/// <c>$XDG_CONFIG_HOME/kist/token</c>, else <c>~/.config/kist/token</c>. Readable by its owner alone, or refused.
/// </summary>
internal static class TokenFile
{
    private const int MaxLength = 8192;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = Owner | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>Where the file lies when nobody says otherwise.</summary>
    public static string DefaultPath(Func<string, string?> environment)
    {
        if (environment("KIST_TOKEN_FILE") is { Length: > 0 } path) return path;
        var config = environment("XDG_CONFIG_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg)
            ? xdg
            : Path.Combine(Home(environment), ".config");
        return Path.Combine(config, "kist", "token");
    }

    /// <summary>
    /// The user's folder, whether it exists or not. Never a place that depends on where a command is called: a token
    /// must not end up in a repository, nor be taken from one.
    /// </summary>
    public static string Home(Func<string, string?> environment)
    {
        if (environment("HOME") is { Length: > 0 } home && Path.IsPathRooted(home)) return home;
        var known = Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return Path.IsPathRooted(known) ? known : "/";
    }

    /// <summary>Reads the token; null when there is no such file and it need not exist.</summary>
    public static Problem? Read(string path, bool mustExist, out string? token)
    {
        token = null;
        if (!File.Exists(path))
            return mustExist ? new Problem($"the token file {path} does not exist", "kist login") : null;
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
                return new Problem($"the token file {path} can be read by others", $"chmod 600 {path}");
            using var reader = new StreamReader(path, Encoding.UTF8);
            var buffer = new char[MaxLength + 1];
            var text = new string(buffer, 0, reader.ReadBlock(buffer)).Trim();
            if (!IsToken(text)) return new Problem($"the token file {path} does not hold a token", "kist login");
            token = text;
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the token file {path} cannot be read", "check its owner and mode");
        }
    }

    /// <summary>
    /// Before <paramref name="token"/> takes the place of another: the other goes to <c>token.previous</c>, unless one
    /// lies there already. Nobody loses the only root token by logging in. The path it went to; null: nothing had to
    /// go.
    /// </summary>
    public static string? KeepBefore(string path, string token)
    {
        var previous = path + ".previous";
        if (File.Exists(previous) || Read(path, mustExist: false, out var kept) is not null || kept is null
            || kept == token) return null;
        return Write(previous, kept) is null ? previous : null;
    }

    /// <summary>
    /// Writes the token: a new file, 0600 from its first moment, renamed over the old one, so that neither a
    /// reader nor a planted link ever sees it elsewhere.
    /// </summary>
    public static Problem? Write(string path, string token)
    {
        try
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!Directory.Exists(directory))
            {
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
                else Directory.CreateDirectory(directory, OwnerDirectory);
            }
            var fresh = $"{path}.{Guid.NewGuid():n}";
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Owner;
            using (var file = new FileStream(fresh, options)) file.Write(Encoding.UTF8.GetBytes(token + "\n"));
            File.Move(fresh, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the token file {path} cannot be written",
                "check the folder's owner and mode, or name another file with KIST_TOKEN_FILE");
        }
    }

    /// <summary>Whether the text can stand in a header: printable ASCII without spaces, at most 8 KiB.</summary>
    public static bool IsToken(string text)
    {
        foreach (var c in text)
            if (c is <= ' ' or > '~') return false;
        return text.Length is > 0 and <= MaxLength;
    }
}
