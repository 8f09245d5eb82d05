using System.CommandLine;
using Kist.Cli.Age;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist age`: files of the age format, with age's own flags, so that an alias of `age` works.</summary>
internal static class AgeCommands
{
    public static KistCommand Create()
    {
        var command = Group();
        var encrypt = command.Switch("--encrypt", "Encrypt, which is the default", "-e");
        var decrypt = command.Switch("--decrypt", "Decrypt", "-d");
        var flags = Flags(command, encrypts: true, decrypts: true);
        var version = command.Switch("--version", "Show version information");
        command.Does((session, parsed) => parsed.GetValue(version)
            ? ShowVersion(session)
            : AgeRun.Run(session, flags(parsed) with
            {
                Encrypt = parsed.GetValue(encrypt), Decrypt = parsed.GetValue(decrypt),
            }));
        return command.With(Encrypt(), Decrypt(), Keygen());
    }

    /// <summary>age takes its long flags with one dash too.</summary>
    public static string[] WithTwoDashes(string[] args)
    {
        if (args is not ["age", ..]) return args;
        return [.. args.Select(a => a.Length > 3 && a[0] == '-' && char.IsAsciiLetter(a[1]) && a[2] != '='
            && a is not "-pq" ? "-" + a : a)];
    }

    private static KistCommand Group() => new("age", "Encrypt and decrypt files in the age format")
    {
        Details = """
            Without a command it takes the flags of the age program, so that `alias age='kist age'` works. Files go
            both ways: what age, rage or sops encrypted opens here, and what is encrypted here opens there.
            """,
        Usage = "kist age COMMAND …, or kist age [-e | -d] [OPTIONS] [INPUT]",
        Examples =
        [
            "kist age keygen -o key.txt                    # makes a key, and prints its public half",
            "kist age -r age1… -o notes.age notes.txt      # encrypts",
            "kist age -d -i key.txt notes.age              # decrypts",
        ],
    };

    private static KistCommand Encrypt()
    {
        var command = new KistCommand("encrypt", "Encrypt a file to recipients or with a passphrase")
        {
            Details = """
                A recipient is an age1… key, an ssh-ed25519 or ssh-rsa public key, or the key of a plug-in. Each of
                them can decrypt the file alone. -i encrypts to the keys of an identity file themselves.
                """,
            Examples =
            [
                "kist age encrypt -r age1… notes.txt > notes.age",
                "kist age encrypt -R team.txt --armor < notes.txt",
                "kist age encrypt -p -o notes.age notes.txt",
            ],
        };
        var flags = Flags(command, encrypts: true, decrypts: false);
        return command.Does((session, parsed) => AgeRun.Run(session, flags(parsed) with { Encrypt = true }));
    }

    private static KistCommand Decrypt()
    {
        var command = new KistCommand("decrypt", "Decrypt a file")
        {
            Details = """
                Identity files hold age keys, one a line, or an SSH private key, or age keys encrypted with a
                passphrase. Without -i and -j the passphrase of the file is asked for. With -o the file appears when
                all of it was found authentic, and not at all otherwise.
                """,
            Examples =
            [
                "kist age decrypt -i key.txt notes.age",
                "kist age decrypt -i ~/.ssh/id_ed25519 -o notes.txt notes.age",
            ],
        };
        var flags = Flags(command, encrypts: false, decrypts: true);
        return command.Does((session, parsed) => AgeRun.Run(session, flags(parsed) with { Decrypt = true }));
    }

    private static KistCommand Keygen()
    {
        var command = new KistCommand("keygen", "Make a key, or print the public half of one")
        {
            Details = "The file is readable by you alone, and one that is there is never overwritten.",
            Examples =
            [
                "kist age keygen -o key.txt",
                "kist age keygen -pq -o key.txt                # safe against quantum computers too",
                "kist age keygen -y key.txt                    # the public halves",
            ],
        };
        var input = command.Optional("INPUT", "With -y: a file of identities (else standard input)");
        var output = command.Option<string?>("--output", "FILE", "Write to this new file");
        output.Aliases.Add("-o");
        var quantum = command.Switch("--post-quantum", "Make a post-quantum key (age 1.3 and later read it)", "-pq");
        var convert = command.Switch("--convert", "Print the recipients of identities", "-y");
        return command.Does((session, parsed) =>
        {
            var file = parsed.GetValue(output) is "-" ? null : parsed.GetValue(output);
            if (parsed.GetValue(convert)) return AgeKeygen.Convert(session, parsed.GetValue(input), file);
            return parsed.GetValue(input) is null
                ? AgeKeygen.Generate(session, file, parsed.GetValue(quantum))
                : session.Fail(new Problem("kist age keygen takes no file without -y", "-o FILE for the new key"));
        });
    }

    private static Func<ParseResult, AgeFlags> Flags(KistCommand command, bool encrypts, bool decrypts)
    {
        var input = command.Optional("INPUT", "The file to read (else standard input)");
        var output = Short(command.Option<string?>("--output", "FILE", "Write to this file (else standard output)"),
            "-o");
        var none = new Option<string[]>("--none");
        var recipients = encrypts ? Short(command.Repeated("--recipient", "KEY", "Encrypt to this key"), "-r") : none;
        var files = encrypts
            ? Short(command.Repeated("--recipients-file", "FILE", "Encrypt to the keys of this file"), "-R") : none;
        var armor = encrypts ? command.Switch("--armor", "Write text instead of binary", "-a") : null;
        var passphrase = encrypts ? command.Switch("--passphrase", "Encrypt with a passphrase", "-p") : null;
        var identities = Short(command.Repeated("--identity", "FILE",
            decrypts ? "Decrypt with the keys of this file" : "Encrypt to the keys of this identity file"), "-i");
        var plugins = Short(command.Repeated("-j", "PLUGIN", "Use a plug-in's default key"));
        var file = command.Option<string?>("--passphrase-file", "FILE", "Take the passphrase from a file");
        return parsed => new AgeFlags
        {
            Input = parsed.GetValue(input),
            Output = parsed.GetValue(output),
            Recipients = encrypts ? parsed.GetValue(recipients) ?? [] : [],
            RecipientFiles = encrypts ? parsed.GetValue(files) ?? [] : [],
            Armor = armor is not null && parsed.GetValue(armor),
            Passphrase = passphrase is not null && parsed.GetValue(passphrase),
            IdentityFiles = parsed.GetValue(identities) ?? [],
            Plugins = parsed.GetValue(plugins) ?? [],
            PassphraseFile = parsed.GetValue(file),
        };
    }

    private static Option<T> Short<T>(Option<T> option, params string[] aliases)
    {
        foreach (var alias in aliases) option.Aliases.Add(alias);
        return option;
    }

    private static int ShowVersion(Session session)
    {
        session.Screen.Line("kist " + typeof(AgeCommands).Assembly.GetName().Version!.ToString(3));
        return 0;
    }
}
