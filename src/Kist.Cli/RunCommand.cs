using System.CommandLine;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Cli.Running;
using Kist.Kernel.Routes;

namespace Kist.Cli;

/// <summary>`kist run`: a program that gets secrets, and nothing else does.</summary>
internal static class RunCommand
{
    private const string Help = """
        Without --from the .env here is read (or that beside .kist). A value kist://MOUNT/PATH#FIELD in it is replaced
        by what it refers to; ?version=2 takes an older version, ?default=TEXT holds where there is none. References
        may also stand within a value, in braces where that needs an end, and in variables of this shell.
        Where they lead says .kist/config.toml, for each environment: a file (.env, YAML, JSON; sops or age), an agent
        or a server. --env chooses one.

        With --from a secret's fields become variables: upper case, every character but letters, digits and _ becomes
        _, and a name that would start with a digit gets _ in front: db-url becomes DB_URL. --prefix goes in front of
        it; --map gives one field a name of its own, without the prefix. Two that would become the same variable are
        an error, and so is one that would become a variable such as PATH or LD_PRELOAD, unless it is mapped.

        --as hands secrets over so that they stand in no environment: memfd, a file in memory without a name; file, one
        on tmpfs; fifo, a pipe that is read once; stdin. KIST_SECRETS_FILE, and {} in COMMAND, is its path; with --each
        every secret has a file of its own, NAME_FILE.

        Leases of dynamic secrets, such as a user of a database, are renewed while the program runs and revoked when it
        has ended. With --watch it is started again with a new one when a lease comes to its end.

        What the program writes is masked: secrets show as [REDACTED], except true, false, null, text of less than 4
        and numbers of less than 6 characters. --no-mask turns that off. Its exit code is the exit code (128 + the
        signal when a signal ended it, 127 when it is not found); signals reach it. At a terminal a masked program has
        one of its own, where Ctrl-Z does not suspend it. It never gets KIST_TOKEN, VAULT_TOKEN, or the keys of
        encrypted files.
        """;

    private static readonly Dictionary<string, Delivery> s_forms = new()
    {
        ["env"] = Delivery.Environment, ["memfd"] = Delivery.Memory, ["file"] = Delivery.File,
        ["fifo"] = Delivery.Pipe, ["stdin"] = Delivery.Input,
    };

    public static Command Create()
    {
        var command = new KistCommand("run", "Run a program with the secrets it needs")
        {
            Usage = "kist run [OPTIONS] -- COMMAND …",
            Details = Help,
            Examples =
            [
                "kist run -- npm start                                      # the .env here",
                "kist run --env prod --only DATABASE_URL -- ./migrate",
                "kist run --from prod/database -- ./app",
                "kist run --from prod/database --map url=DATABASE_URL -- sh -c 'psql \"$DATABASE_URL\"'",
                "kist run --as file --format json -- ./app --secrets {}",
                "kist run --as memfd --each -- docker-entrypoint.sh postgres  # POSTGRES_PASSWORD_FILE",
                "kist run --watch -- ./app                                  # again when a value changes",
                "kist run --watch --on-change HUP --as file -- nginx -g 'daemon off;'",
                "kist run --from prod/database --clean -- env",
            ],
        };
        var options = new RunOptions(command);
        return command.Does((session, parsed) => options.Read(parsed, out var request) is { } wrong
            ? session.Fail(wrong) : Launch.Run(session, request));
    }

    /// <summary>The options of `kist run`.</summary>
    private sealed class RunOptions
    {
        private readonly Option<string[]> _from, _files, _only, _map;
        private readonly Option<string?> _env, _prefix, _as, _format, _signal, _grace;
        private readonly Option<bool> _noMask, _clean, _keep, _each, _watch, _keepLeases;
        private readonly Argument<string[]> _program;

        public RunOptions(KistCommand command)
        {
            _from = command.Repeated("--from", "PATH", "A secret whose fields the program gets");
            _files = command.Repeated("--env-file", "FILE", "A file of variables instead of .env");
            _env = command.Option<string?>("--env", "NAME", "The environment of .kist/config.toml (KIST_ENV)");
            _env.CompletionSources.Add(static _ => ProjectConfig.Complete());
            _only = command.Repeated("--only", "NAME", "Only this variable, or these: A,B");
            _prefix = command.Option<string?>("--prefix", "PREFIX", "What goes in front of each field's variable");
            _map = command.Repeated("--map", "FIELD=NAME", "The variable of one field; PATH#FIELD=NAME in one secret");
            _keep = command.Switch("--preserve-env", "Variables that are set here go before those of files");
            _clean = command.Switch("--clean", "Inherit only PATH, HOME, TERM, the language and the like");
            _as = command.Option<string?>("--as", "FORM", "env, memfd, file, fifo or stdin (else env)");
            _as.CompletionSources.Add([.. s_forms.Keys]);
            _each = command.Switch("--each", "With --as memfd, file or fifo: each secret in a file NAME_FILE names");
            _format = command.Option<string?>("--format", "FORMAT", "What that file is: dotenv or json (else dotenv)");
            _format.CompletionSources.Add("dotenv", "json");
            _watch = command.Switch("--watch", "Restart the program when a value changes");
            _signal = command.Option<string?>("--on-change", "SIGNAL", "With --watch: a signal instead, such as HUP");
            _grace = command.Option<string?>("--grace", "TIME", "How long it may take to end then (else 10s)");
            _keepLeases = command.Switch("--keep-leases", "Do not revoke the leases of dynamic secrets at its end");
            _noMask = command.Switch("--no-mask", "Show its output as it is");
            _program = command.Rest("COMMAND", "The program and its arguments, after --", atLeastOne: true);
        }

        /// <summary>What was asked for.</summary>
        public Problem? Read(ParseResult parsed, out RunRequest request)
        {
            request = new RunRequest
            {
                From = parsed.GetValue(_from) ?? [], EnvironmentFiles = parsed.GetValue(_files) ?? [],
                Environment = parsed.GetValue(_env), Only = Names(parsed.GetValue(_only)),
                Prefix = parsed.GetValue(_prefix) ?? "", Program = parsed.GetValue(_program)!,
                IsMasked = !parsed.GetValue(_noMask), IsEach = parsed.GetValue(_each),
                Inheritance = parsed.GetValue(_clean) ? Inheritance.Basics : Inheritance.WithoutTokens,
                KeepsInherited = parsed.GetValue(_keep), IsJson = parsed.GetValue(_format) == "json",
                Watches = parsed.GetValue(_watch), KeepsLeases = parsed.GetValue(_keepLeases),
            };
            if (request.Prefix.Length > 0 && !EnvironmentPlan.IsName(request.Prefix))
                return new Problem("--prefix is made of letters, digits and _, no digit first", "--prefix APP_");
            if (EnvironmentPlan.ParseMappings(parsed.GetValue(_map) ?? [], out var mappings) is { } unclear)
                return unclear;
            request = request with { Mappings = mappings };
            return ReadDelivery(parsed, ref request) ?? ReadWatch(parsed, ref request);
        }

        private Problem? ReadDelivery(ParseResult parsed, ref RunRequest request)
        {
            var (form, format) = (parsed.GetValue(_as) ?? "env", parsed.GetValue(_format));
            if (!s_forms.TryGetValue(form, out var delivery))
                return new Problem($"--as takes {string.Join(", ", s_forms.Keys)}", "--as memfd");
            if (format is not (null or "dotenv" or "json"))
                return new Problem("--format takes dotenv or json", "--format json");
            if (delivery == Delivery.Environment && (request.IsEach || format is not null))
                return new Problem(
                    $"{(request.IsEach ? "--each" : "--format")} is about files, and --as env makes none",
                    "--as memfd");
            if (delivery == Delivery.Input && request.IsEach)
                return new Problem("--each is about files, and --as stdin makes none", "--as memfd");
            request = request with { Delivery = delivery };
            return null;
        }

        private Problem? ReadWatch(ParseResult parsed, ref RunRequest request)
        {
            if (parsed.GetValue(_signal) is { } signal)
            {
                if (!request.Watches) return new Problem("--on-change needs --watch", "--watch --on-change " + signal);
                if (Native.SignalNamed(signal) is not { } number)
                    return new Problem($"there is no signal {signal} that a program is told by",
                        "--on-change HUP, USR1, USR2, INT or TERM");
                request = request with { ChangeSignal = number };
            }
            if (parsed.GetValue(_grace) is not { } text) return null;
            if (!GoDuration.TryParse(text, out var grace) || grace < TimeSpan.Zero)
                return new Problem("--grace is a time such as 10s", "--grace 30s");
            request = request with { Grace = grace };
            return null;
        }

        private static string[] Names(string[]? texts) =>
            [.. (texts ?? []).SelectMany(static t => t.Split(',', StringSplitOptions.RemoveEmptyEntries))];
    }
}
