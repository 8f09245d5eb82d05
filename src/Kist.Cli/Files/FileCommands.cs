namespace Kist.Cli.Files;

/// <summary>`kist file`: everything about encrypted files.</summary>
internal static class FileCommands
{
    private static readonly FileFlag[] s_types = [FileFlag.InputType, FileFlag.OutputType];

    /// <summary>Every command.</summary>
    public static readonly FileCommand[] All =
    [
        new("encrypt", "Encrypt a file", ["[FILE]"],
            [
                FileFlag.InPlace, FileFlag.Output, .. FileFlag.KeyFlags, .. s_types, .. FileFlag.Rules,
                FileFlag.MacOnlyEncrypted, FileFlag.Threshold, FileFlag.Override,
            ], CryptRuns.Encrypt)
        {
            Details = """
                Every value is encrypted by itself and the keys stay readable, so that changes can be reviewed. To
                whom is said by flags or by the first rule of .sops.yaml that fits. What sops wrote is read, and the
                reverse.
                """,
            Examples =
            [
                "kist file encrypt --age age1… -i secrets.yaml",
                "kist file encrypt secrets.yaml > secrets.enc.yaml     # keys and rules from .sops.yaml",
                "kist file encrypt --filename-override prod.env < plain",
            ],
        },
        new("decrypt", "Decrypt a file", ["[FILE]"],
            [
                FileFlag.InPlace, FileFlag.Output, FileFlag.Extract, .. s_types, FileFlag.IgnoreMac, FileFlag.Override,
            ], CryptRuns.Decrypt)
        {
            Examples =
            [
                "kist file decrypt secrets.yaml",
                "kist file decrypt --extract '[\"database\"][\"password\"]' secrets.yaml",
                "kist file decrypt --output-type json secrets.yaml",
            ],
        },
        new("edit", "Edit a file in an editor", ["FILE"],
            [
                .. FileFlag.KeyFlags, .. s_types, .. FileFlag.Rules, FileFlag.MacOnlyEncrypted, FileFlag.ShowKeys,
                FileFlag.IgnoreMac, FileFlag.Threshold,
            ], EditRun.Run)
        {
            Details = "The editor is SOPS_EDITOR or EDITOR. Values that do not change keep their ciphertext.",
            Examples = ["kist file edit secrets.yaml", "EDITOR='code --wait' kist file edit secrets.yaml"],
        },
        new("set", "Set one value", ["FILE", "PATH", "VALUE"],
            [FileFlag.ValueFile, FileFlag.ValueStdin, FileFlag.Idempotent, FileFlag.IgnoreMac, .. s_types],
            ChangeRuns.Set)
        {
            Details = "What the command line says is seen by other programs: give secrets with --value-stdin.",
            Examples =
            [
                "kist file set secrets.yaml database.port 5432",
                "printf '\"sesame\"' | kist file set --value-stdin secrets.yaml database.password",
            ],
        },
        new("unset", "Remove one value", ["FILE", "PATH"],
            [FileFlag.Idempotent, FileFlag.IgnoreMac, .. s_types], ChangeRuns.Unset)
        {
            Examples = ["kist file unset secrets.yaml database.password"],
        },
        new("get", "Print one value", ["FILE", "PATH"],
            [FileFlag.Output, FileFlag.IgnoreMac, .. s_types], CryptRuns.Get)
        {
            OfSops = false,
            Examples = ["kist file get secrets.yaml database.password"],
        },
        new("rotate", "Make a new data key, and add or remove recipients", ["FILE"],
            [FileFlag.InPlace, FileFlag.Output, .. FileFlag.Changes, .. s_types, FileFlag.IgnoreMac],
            RecipientRuns.Rotate)
        {
            Examples =
            [
                "kist file rotate -i secrets.yaml",
                "kist file rotate -i --add-age age1… --rm-pgp 93DEECE3… secrets.yaml",
            ],
        },
        new("updatekeys", "Encrypt files to the keys that .sops.yaml names now", ["FILES…"],
            [FileFlag.Yes, FileFlag.InputType], RecipientRuns.UpdateKeys)
        {
            Details = "The data key stays: who is removed and has kept it could still decrypt. See rotate and revoke.",
            Examples = ["kist file updatekeys secrets.yaml", "kist file updatekeys -y prod/*.yaml"],
        },
        new("exec-env", "Run a program with a file's values in its environment", ["FILE", "COMMAND…"],
            [
                FileFlag.Pristine, FileFlag.SameProcess, FileFlag.User, FileFlag.Background, FileFlag.IgnoreMac,
                FileFlag.InputType,
            ], ExecRuns.ExecEnv)
        {
            Details = "The program takes the place of kist: signals, terminal and exit code are its own.",
            Examples = ["kist file exec-env prod.env -- ./app --port 80", "kist file exec-env prod.env 'echo $NAME'"],
        },
        new("exec-file", "Run a program that reads a decrypted file", ["FILE", "COMMAND…"],
            [
                FileFlag.NoFifo, FileFlag.FileName, FileFlag.User, FileFlag.Background, FileFlag.IgnoreMac, .. s_types,
            ], ExecRuns.ExecFile)
        {
            Details = "{} in the command is a pipe that gives the text once; with --no-fifo, a file while it runs.",
            Examples = ["kist file exec-file prod.yaml 'app --config {}'", "kist file exec-file prod.yaml -- app {}"],
        },
        new("publish", "Send files where destination_rules say", ["FILE"],
            [FileFlag.Yes, FileFlag.OmitExtensions, FileFlag.Recursive, FileFlag.InputType], PublishRun.Run)
        {
            Details = "Vault and Kist get the values; a bucket of S3 gets the encrypted file.",
            Examples = ["kist file publish prod.yaml", "kist file publish -y --recursive prod"],
        },
        new("filestatus", "Say whether a file is encrypted", ["FILE"], [FileFlag.InputType], StatusRun.Run)
        {
            Examples = ["kist file filestatus secrets.yaml"],
        },
        new("keyservice", "Let sops and kist elsewhere use the keys of this machine", [],
            [FileFlag.Network, FileFlag.Address, FileFlag.Prompt], KeyServiceRun.Run)
        {
            Examples =
            [
                "kist file keyservice --network unix --address ~/keys.sock --prompt",
                "kist file decrypt --keyservice unix:///home/you/keys.sock secrets.yaml",
            ],
        },
        .. Beyond,
    ];

    /// <summary>The commands of `groups`.</summary>
    public static readonly FileCommand[] Groups =
    [
        new("add", "Add a group of keys", [],
            [FileFlag.File, FileFlag.InPlace, .. FileFlag.KeyFlags, FileFlag.Threshold], RecipientRuns.AddGroup)
        {
            Examples = ["kist file groups add -i -f secrets.yaml --age age1… --shamir-secret-sharing-threshold 2"],
        },
        new("delete", "Delete a group of keys", ["INDEX"],
            [FileFlag.File, FileFlag.InPlace, FileFlag.Threshold], RecipientRuns.DeleteGroup)
        {
            Examples = ["kist file groups delete -i -f secrets.yaml 1"],
        },
    ];

    // What sops has no word for.
    private static FileCommand[] Beyond =>
    [
        new("protect", "Encrypt a .env file, remove the plaintext and keep it out of git", ["FILE"],
            [.. FileFlag.KeyFlags, FileFlag.Output, FileFlag.Force], ProtectRun.Run)
        {
            OfSops = false,
            Details = """
                .env becomes .enc.env, prod.env becomes prod.enc.env, and .gitignore gets a line for the plaintext.
                Recipients are those of flags or .sops.yaml, else your own key, which is made if there is none.
                """,
            Examples = ["kist file protect .env", "kist file exec-env .enc.env -- npm start"],
        },
        new("add", "Add a value without a private key", ["FILE", "PATH", "[TEXT]"], [FileFlag.InputType],
            PendingRuns.Add)
        {
            OfSops = false,
            Details = """
                The value is encrypted to the file's recipients and waits beside it, in FILE.pending-…, until somebody
                who can decrypt runs `kist file apply`. The file itself cannot take it: its MAC needs the data key.
                """,
            Examples = ["printf sesame | kist file add prod.yaml api.token"],
        },
        new("apply", "Take added values into their file", ["FILE"], [FileFlag.InputType, FileFlag.Yes],
            PendingRuns.Apply)
        {
            OfSops = false, Examples = ["kist file apply prod.yaml"],
        },
        new("revoke", "Remove a person from every file below a folder", ["PERSON", "[FOLDER]"], [FileFlag.Yes],
            RevokeRun.Run)
        {
            OfSops = false,
            Details = """
                Every file that the person could read gets a new data key without them; .sops.yaml loses them too.
                Printed is every value that they could read: change those where they came from. All files change, or
                none.
                """,
            Examples = ["kist file revoke age1…", "kist file revoke alice deploy --yes"],
        },
        new("verify", "Check encrypted files and their rules", ["[PLACES…]"], [FileFlag.IgnoreMac], VerifyRun.Run)
        {
            OfSops = false,
            Details = """
                Without a private key: metadata, that everything that must be encrypted is, and that the recipients
                are those of .sops.yaml. Where a key opens a file, its MAC too.
                """,
            Examples = ["kist file verify", "kist file verify prod staging/secrets.yaml"],
        },
        new("git-setup", "Teach git to show and merge encrypted files", ["[PATTERNS…]"], [], GitRuns.SetUp)
        {
            OfSops = false,
            Details = """
                git diff and git log -p show values in clear to who can decrypt; git merge merges value by value.
                Writes .gitattributes, and the configuration of this clone.
                """,
            Examples = ["kist file git-setup", "kist file git-setup 'secrets/*.yaml'"],
        },
        new("git-diff", "Print a file for git diff", ["FILE"], [], GitRuns.Diff)
        {
            OfSops = false, Hidden = true, Examples = ["kist file git-diff secrets.yaml"],
        },
        new("git-merge", "Merge a file for git", ["BASE", "OURS", "THEIRS", "NAME"], [], GitRuns.Merge)
        {
            OfSops = false, Hidden = true, Examples = ["kist file git-merge %O %A %B %P"],
        },
    ];

    /// <summary>The group `kist file`.</summary>
    public static KistCommand Create() => Create("file", static _ => true);

    /// <summary>Those commands that sops has too, as `kist sops` shows them.</summary>
    public static KistCommand CreateOfSops() => Create("sops", static command => command.OfSops);

    private static KistCommand Create(string name, Func<FileCommand, bool> shown)
    {
        var group = new KistCommand(name, "Keep secrets in encrypted files, in the format of sops")
        {
            Details = """
                YAML, JSON, .env, INI and any other file, encrypted value by value to age, SSH, PGP, Vault and AWS
                keys. Files go both ways: what sops encrypted opens here, and the reverse. `alias sops='kist sops'`
                works in scripts.
                """,
        };
        foreach (var command in All.Where(shown)) group.With(command.Create());
        var groups = new KistCommand("groups", "Change the groups of keys of a file");
        foreach (var command in Groups) groups.With(command.Create());
        return group.With(groups);
    }
}
