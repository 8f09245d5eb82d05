using Kist.Client.Logins;

namespace Kist.Client;

/// <summary>The variables that Kist and Vault share, as the command line reads them.</summary>
internal static class EnvironmentSettings
{
    // An agent goes before the server, as with Vault's own clients.
    private static readonly string[] s_addresses = ["KIST_AGENT_ADDR", "KIST_ADDR", "VAULT_AGENT_ADDR", "VAULT_ADDR"];

    /// <summary>Reads a variable. An application has the right to be configured by its environment.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name);

    public static KistClientOptions Read(Func<string, string?> variable)
    {
        var options = new KistClientOptions
        {
            Namespace = Either(variable, "NAMESPACE"),
            CaCertificate = Either(variable, "CACERT"),
            Login = Login(variable),
        };
        foreach (var name in s_addresses)
        {
            if (Given(variable(name)) is not { } address) continue;
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
                throw new KistException(KistFailure.Settings,
                    $"{name} is no URL such as https://kist.example:8200 or unix:///run/kist.sock");
            options.Address = uri;
            break;
        }
        return options;
    }

    private static ILogin? Login(Func<string, string?> variable)
    {
        if (Given(variable("KIST_TOKEN")) is { } kist) return TokenLogin.Of(kist);
        if (Given(variable("KIST_TOKEN_FILE")) is { } file) return TokenLogin.FromFile(file);
        if (Given(variable("VAULT_TOKEN")) is { } vault) return TokenLogin.Of(vault);
        // Never a folder that depends on where the program was started: somebody else's token may lie there.
        var home = Given(variable("HOME")) is { } named && Path.IsPathRooted(named) ? named
            : Environment.GetFolderPath(
                Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        if (!Path.IsPathRooted(home)) home = "/";
        var config = Given(variable("XDG_CONFIG_HOME")) is { } xdg && Path.IsPathRooted(xdg)
            ? xdg : Path.Combine(home, ".config");
        string[] files = [Path.Combine(config, "kist", "token"), Path.Combine(home, ".vault-token")];
        return files.FirstOrDefault(File.Exists) is { } found ? TokenLogin.FromFile(found) : null;
    }

    private static string? Either(Func<string, string?> variable, string name) =>
        Given(variable("KIST_" + name)) ?? Given(variable("VAULT_" + name));

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
