using System.CommandLine;

namespace Kist.Cli;

/// <summary>The options that every command takes.</summary>
internal static class Globals
{
    public static readonly Option<string?> Address = Text("--address", "URL",
        "Where the server is, or unix:///PATH (KIST_ADDR, VAULT_ADDR; else http://127.0.0.1:8200)");

    public static readonly Option<string?> TokenFile = Text("--token-file", "FILE",
        "A file that holds the token (else KIST_TOKEN, KIST_TOKEN_FILE, VAULT_TOKEN, what `kist login` stored)");

    public static readonly Option<string?> CaCert = Text("--ca-cert", "FILE",
        "PEM file with the authority that signed the server's certificate (KIST_CACERT, VAULT_CACERT)");

    public static readonly Option<string?> Namespace = Text("--namespace", "NAME",
        "The namespace to work in (KIST_NAMESPACE, VAULT_NAMESPACE)");

    public static readonly Option<bool> SkipVerify = Flag("--skip-verify",
        "Do not check the server's certificate (KIST_SKIP_VERIFY, VAULT_SKIP_VERIFY)");

    public static readonly Option<int?> Timeout = new("--timeout")
    {
        Recursive = true, HelpName = "SECONDS", Description = "How long to wait for an answer (else 60)",
    };

    public static readonly Option<bool> Json = Flag("--json", "Print JSON");

    public static readonly Option<bool> Whole = Flag("--whole",
        "Print the API's whole answer as JSON (--format=json or VAULT_FORMAT=json, as Vault's program says it)");

    public static readonly Option<bool> Quiet = Flag("--quiet", "No remarks and warnings", "-q");
    public static readonly Option<bool> NoColour = Flag("--no-color", "No colours (NO_COLOR)");

    /// <summary>All of them, in the order in which help shows them.</summary>
    public static readonly Option[] All =
        [Json, Whole, Quiet, NoColour, Address, Namespace, TokenFile, CaCert, SkipVerify, Timeout];

    /// <summary>Whether the option takes the next argument as its value.</summary>
    public static bool TakesValue(string argument)
    {
        foreach (var option in All)
            if (option.Name == argument) return option is not Option<bool>;
        return false;
    }

    private static Option<string?> Text(string name, string value, string summary) =>
        new(name) { Recursive = true, HelpName = value, Description = summary };

    private static Option<bool> Flag(string name, string summary, params string[] aliases) =>
        new(name, aliases) { Recursive = true, Description = summary };
}
