namespace Kist.Cli.Files;

/// <summary>One flag of `kist file` and `kist sops`.</summary>
/// <param name="Name">Without dashes.</param>
/// <param name="Value">What its value is called; null for a switch.</param>
/// <param name="Summary">One line of help.</param>
/// <param name="Short">One letter that stands for it; null for none.</param>
/// <param name="Variable">What it is taken from where it is not given.</param>
/// <param name="Repeats">Whether it may be given several times.</param>
/// <param name="Also">Another name for it.</param>
internal sealed record FileFlag(string Name, string? Value, string Summary, string? Short = null,
    string? Variable = null, bool Repeats = false, string? Also = null)
{
    public static readonly FileFlag InPlace = new("in-place", null, "Write back to the same file", "i");
    public static readonly FileFlag Output = new("output", "FILE", "Write to this file (else standard output)");
    public static readonly FileFlag InputType = new("input-type", "TYPE",
        "yaml, json, dotenv, ini or binary (else by the file's extension)");
    public static readonly FileFlag OutputType = new("output-type", "TYPE", "The same for what is written");
    public static readonly FileFlag IgnoreMac = new("ignore-mac", null, "Do not check the file's MAC");
    public static readonly FileFlag Extract = new("extract", "PATH", "Only this value: [\"key\"][0]");
    public static readonly FileFlag Override = new("filename-override", "FILE",
        "The name that decides on rules and types");
    public static readonly FileFlag Threshold = new("shamir-secret-sharing-threshold", "NUMBER",
        "How many key groups are needed to decrypt");
    public static readonly FileFlag ShowKeys = new("show-master-keys", null, "Show the keys while editing", "s");
    public static readonly FileFlag Idempotent = new("idempotent", null, "Do nothing where nothing would change");
    public static readonly FileFlag ValueFile = new("value-file", null, "VALUE names a file that holds the value");
    public static readonly FileFlag ValueStdin = new("value-stdin", null, "Read the value from standard input");
    public static readonly FileFlag Yes = new("yes", null, "Do not ask", "y");
    public static readonly FileFlag File = new("file", "FILE", "The file to change", "f");
    public static readonly FileFlag Pristine = new("pristine", null, "Only the file's values in the environment");
    public static readonly FileFlag SameProcess = new("same-process", null, "Become the program (always so here)");
    public static readonly FileFlag User = new("user", "NAME", "Run the program as this user");
    public static readonly FileFlag Background = new("background", null, "Do not wait for the program (old)");
    public static readonly FileFlag NoFifo = new("no-fifo", null, "A regular file instead of a pipe");
    public static readonly FileFlag FileName = new("filename", "NAME", "What the temporary file is called");
    public static readonly FileFlag OmitExtensions = new("omit-extensions", null,
        "Leave the extension out of the destination's path");
    public static readonly FileFlag Recursive = new("recursive", null, "Publish all of a folder");
    public static readonly FileFlag Network = new("network", "NETWORK", "tcp or unix (else tcp)", null, null, false,
        "net");
    public static readonly FileFlag Address = new("address", "ADDRESS",
        "Where to listen (else 127.0.0.1:5000)", null, null, false, "addr");
    public static readonly FileFlag Prompt = new("prompt", null, "Ask before each answer");
    public static readonly FileFlag Force = new("force", null, "Also where the plaintext would be lost");

    public static readonly FileFlag KeyServices = new("keyservice", "URI",
        "Ask this key service too, tcp://HOST:PORT or unix:///PATH", null, "SOPS_KEYSERVICE", true);

    public static readonly FileFlag LocalKeys = new("enable-local-keyservice", null,
        "Use the keys of this machine (=false: do not)", null, "SOPS_ENABLE_LOCAL_KEYSERVICE");

    public static readonly FileFlag Order = new("decryption-order", "KINDS",
        "Which kinds of keys to try first (else age,pgp)", null, "SOPS_DECRYPTION_ORDER");

    public static readonly FileFlag Config = new("config", "FILE", "The .sops.yaml to use", null, "SOPS_CONFIG");
    public static readonly FileFlag Indent = new("indent", "NUMBER", "How far YAML and JSON are indented");
    public static readonly FileFlag Verbose = new("verbose", null, "Say more");
    public static readonly FileFlag MacOnlyEncrypted = new("mac-only-encrypted", null,
        "The MAC covers encrypted values only");

    /// <summary>Flags that name keys: the kind in metadata, and the flag.</summary>
    public static readonly (string Kind, FileFlag Flag)[] Keys =
    [
        ("age", new("age", "KEYS", "Encrypt to these age recipients", "a", "SOPS_AGE_RECIPIENTS")),
        ("pgp", new("pgp", "KEYS", "Encrypt to these PGP fingerprints", "p", "SOPS_PGP_FP")),
        ("hc_vault", new("hc-vault-transit", "KEYS", "Encrypt to these transit keys", null, "SOPS_VAULT_URIS")),
        ("kms", new("kms", "KEYS", "Encrypt to these keys of AWS KMS", "k", "SOPS_KMS_ARN")),
        ("gcp_kms", new("gcp-kms", "KEYS", "Encrypt to these keys of Google KMS", null, "SOPS_GCP_KMS_IDS")),
        ("hckms", new("hckms", "KEYS", "Encrypt to these keys of Huawei KMS", null, "SOPS_HUAWEICLOUD_KMS_IDS")),
        ("azure_kv", new("azure-kv", "KEYS", "Encrypt to these keys of Azure", null, "SOPS_AZURE_KEYVAULT_URLS")),
    ];

    public static readonly FileFlag AwsProfile = new("aws-profile", "NAME", "The profile for AWS");
    public static readonly FileFlag Context = new("encryption-context", "PAIRS",
        "The encryption context of AWS KMS: name:value,…");

    /// <summary>Flags that say what is encrypted.</summary>
    public static readonly FileFlag[] Rules =
    [
        new("unencrypted-suffix", "SUFFIX", "Keys that end so stay plain"),
        new("encrypted-suffix", "SUFFIX", "Only keys that end so are encrypted"),
        new("unencrypted-regex", "REGEX", "Keys that match stay plain"),
        new("encrypted-regex", "REGEX", "Only keys that match are encrypted"),
        new("unencrypted-comment-regex", "REGEX", "What follows a comment that matches stays plain"),
        new("encrypted-comment-regex", "REGEX", "Only what follows a comment that matches is encrypted"),
    ];

    /// <summary>Flags of every command.</summary>
    public static readonly FileFlag[] Common = [LocalKeys, KeyServices, Order, Config, Indent, Verbose];

    /// <summary>Everything that says to whom is encrypted.</summary>
    public static FileFlag[] KeyFlags => [.. Keys.Select(static k => k.Flag), AwsProfile, Context];

    /// <summary>The flags <c>--add-age</c>, <c>--rm-age</c> and so on.</summary>
    public static FileFlag[] Changes =>
    [
        .. Keys.Select(static k => new FileFlag("add-" + k.Flag.Name, "KEYS", "Add these keys")),
        .. Keys.Select(static k => new FileFlag("rm-" + k.Flag.Name, "KEYS", "Remove these keys")),
        AwsProfile, Context,
    ];

    /// <summary>Whether it has no value.</summary>
    public bool IsSwitch => Value is null;
}
