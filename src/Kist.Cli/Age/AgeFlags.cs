using Kist.Cli.Output;

namespace Kist.Cli.Age;

/// <summary>What was said on a command line of `kist age`, with age's own flags.</summary>
internal sealed record AgeFlags
{
    /// <summary>A file; null or <c>-</c>: standard input.</summary>
    public string? Input { get; init; }

    /// <summary>A file; null: standard output; <c>-</c>: standard output, also where that is a terminal.</summary>
    public string? Output { get; init; }

    public bool Decrypt { get; init; }

    /// <summary>Whether encryption was asked for, and does not only follow from decryption not being.</summary>
    public bool Encrypt { get; init; }

    public bool Armor { get; init; }
    public bool Passphrase { get; init; }

    /// <summary>A file that answers every question for a passphrase; <c>-</c>: standard input.</summary>
    public string? PassphraseFile { get; init; }

    public string[] Recipients { get; init; } = [];
    public string[] RecipientFiles { get; init; } = [];
    public string[] IdentityFiles { get; init; } = [];
    public string[] Plugins { get; init; } = [];

    /// <summary>Whether keys, rather than a passphrase, decrypt.</summary>
    public bool HasIdentities => IdentityFiles.Length + Plugins.Length > 0;

    public bool InputIsStandard => Input is null or "-";

    /// <summary>What does not go together; null when all does.</summary>
    public Problem? Check()
    {
        var standard = (InputIsStandard ? 1 : 0) + (PassphraseFile == "-" ? 1 : 0)
            + RecipientFiles.Count(f => f == "-") + IdentityFiles.Count(f => f == "-");
        if (standard > 1) return new Problem("standard input can be read for one purpose only", "give a file instead");
        return Decrypt ? CheckDecrypt() : CheckEncrypt();
    }

    private Problem? CheckDecrypt()
    {
        if (Encrypt) return new Problem("--encrypt and --decrypt cannot both be done", "leave one of them out");
        if (Armor)
            return new Problem("--armor cannot be used with --decrypt", "leave it out: armored files are recognised");
        if (Passphrase)
            return new Problem("--passphrase cannot be used with --decrypt",
                "leave it out: files with a passphrase are recognised");
        if (Recipients.Length + RecipientFiles.Length > 0)
            return new Problem("recipients cannot be used with --decrypt", "-i FILE names the file of a private key");
        return null;
    }

    private Problem? CheckEncrypt()
    {
        if (HasIdentities && !Encrypt)
            return new Problem("-i and -j decrypt, unless --encrypt says to encrypt to the identity itself",
                "kist age --decrypt, or kist age --encrypt");
        var keys = Recipients.Length + RecipientFiles.Length + IdentityFiles.Length + Plugins.Length;
        if (keys == 0 && !Passphrase && PassphraseFile is null)
            return new Problem("there is nobody to encrypt to", "-r RECIPIENT, -R FILE or -p");
        if (keys > 0 && Passphrase)
            return new Problem("--passphrase cannot be combined with recipients", "leave one of them out");
        return null;
    }
}
