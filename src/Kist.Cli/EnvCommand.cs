using System.CommandLine;
using Kist.Cli.Environments;
using Kist.Cli.References;
using Kist.Cli.Running;

namespace Kist.Cli;

/// <summary>`kist env`: the <c>.env</c> of a project and its environments.</summary>
internal static class EnvCommand
{
    public static Command Create() => new KistCommand("env", "Work with .env files and the environments of a project")
    {
        Details = """
            A .env that holds references (kist://MOUNT/PATH#FIELD) instead of secrets may be committed, and is the same
            for every environment; .kist/config.toml says where each finds its values:

                default = "dev"

                [env.dev]
                file = ".env.dev"                    # or several; .env, YAML, JSON, INI; sops and age too

                [env.staging]
                agent = "unix:///run/kist/agent.sock"

                [env.prod]
                server = "https://kist.example.com:8200"
                namespace = "shop"
                ca-cert = "ca.pem"
                token-file = "~/.config/kist/prod-token"
                last-known-good = "24h"              # values that may stand in when the server is away
                mounts = { app = "app-prod" }        # what a reference's mount is called here
            """,
    }.With(Import(), Export(), Diff(), Lint(), Example());

    private static KistCommand Import()
    {
        var command = new KistCommand("import", "Move the secrets of a .env into a store, and leave references")
        {
            Details = """
                For each variable kist says whether it looks like a secret or like configuration, and why, and asks.
                Secrets become fields of the secret at --to, named as the variable is; references to them replace their
                values in the file. With an environment whose values are in a file they go there.
                """,
            Examples =
            [
                "kist env import --to prod/app",
                "kist env import .env.production --to app/web --env prod --dry-run",
                "kist env import --to prod/app --yes --setting PUBLIC_TOKEN --secret DSN",
            ],
        };
        var file = command.Optional("FILE", "The file (else .env)");
        var to = command.Option<string>("--to", "PATH", "MOUNT/NAME of the secret that gets the values");
        to.Required = true;
        var env = Environment(command);
        var secrets = command.Repeated("--secret", "NAME", "This variable is a secret");
        var settings = command.Repeated("--setting", "NAME", "This variable is configuration");
        var yes = command.Switch("--yes", "Take kist's guesses, and do not ask", "-y");
        var dry = command.Switch("--dry-run", "Show what would be done");
        var overwrite = command.Switch("--overwrite", "Also change fields that have another value");
        var keep = command.Switch("--keep", "Leave the file as it is");
        return command.Does((session, parsed) => EnvironmentImport.Run(session,
            new ImportRequest(parsed.GetValue(file) ?? ".env", parsed.GetValue(to)!)
            {
                Environment = parsed.GetValue(env), Secrets = parsed.GetValue(secrets) ?? [],
                Settings = parsed.GetValue(settings) ?? [], Yes = parsed.GetValue(yes), IsDry = parsed.GetValue(dry),
                Overwrites = parsed.GetValue(overwrite), KeepsFile = parsed.GetValue(keep),
            }));
    }

    private static KistCommand Export()
    {
        var command = new KistCommand("export", "Print the variables with their values")
        {
            Details = "For programs that kist run cannot start. Whoever reads the output has the secrets.",
            Examples =
            [
                "kist env export --env prod --format json | jq -r .DATABASE_URL",
                "eval \"$(kist env export --format shell --only DATABASE_URL)\"",
                "kist env export --format docker > /dev/shm/app.env",
            ],
        };
        var files = command.Repeated("--env-file", "FILE", "A file of variables instead of .env");
        var env = Environment(command);
        var only = command.Repeated("--only", "NAME", "Only this variable");
        var format = command.Option<string?>("--format", "FORMAT", "dotenv, json, yaml, shell or docker (else dotenv)");
        format.CompletionSources.Add(EnvironmentExport.Formats);
        return command.Does((session, parsed) => EnvironmentExport.Run(session, new RunRequest
        {
            EnvironmentFiles = parsed.GetValue(files) ?? [], Environment = parsed.GetValue(env),
            Only = [.. (parsed.GetValue(only) ?? []).SelectMany(static t => t.Split(','))],
        }, parsed.GetValue(format) ?? (session.Json ? "json" : "dotenv")));
    }

    private static KistCommand Diff()
    {
        var command = new KistCommand("diff", "Compare what two environments give")
        {
            MistakeCode = EnvironmentDiff.Trouble,
            Details = """
                Names and states, never values. Exit code 0: the same; 1: something differs; 2: an environment cannot
                be read.
                """,
            Examples = ["kist env diff staging prod", "kist env diff dev prod --json"],
        };
        var one = command.Required("ENV", "An environment of .kist/config.toml");
        var other = command.Required("OTHER", "Another one");
        one.CompletionSources.Add(static _ => ProjectConfig.Complete());
        other.CompletionSources.Add(static _ => ProjectConfig.Complete());
        var file = command.Option<string?>("--env-file", "FILE", "The file of variables (else .env)");
        return command.Does((session, parsed) => EnvironmentDiff.Run(
            session, parsed.GetValue(file), parsed.GetValue(one)!, parsed.GetValue(other)!));
    }

    private static KistCommand Lint()
    {
        var command = new KistCommand("lint", "Find secrets in the clear, shared values and missing variables")
        {
            MistakeCode = EnvironmentDiff.Trouble,
            Details = """
                secret-in-clear      a secret stands in the file
                secret-in-example    one stands in .env.example
                setting-as-secret    a reference leads to plain configuration
                shared-value         two environments have the same secret
                no-value             a reference leads to nothing
                missing              .env.example names it, the file does not set it
                not-in-example       the other way round
                repeated             set twice
                Exit code 0: nothing found; 1: something found; 2: the file or an environment cannot be read.
                """,
            Examples = ["kist env lint", "kist env lint --env prod", "kist env lint --offline --json"],
        };
        var file = command.Optional("FILE", "The file (else .env)");
        var env = command.Repeated("--env", "NAME", "Look into this environment only");
        var offline = command.Switch("--offline", "Look at the file only, not at what references lead to");
        return command.Does((session, parsed) => EnvironmentLint.Run(session, parsed.GetValue(file),
            parsed.GetValue(env) ?? [], parsed.GetValue(offline)));
    }

    private static KistCommand Example()
    {
        var command = new KistCommand("example", "Write .env.example: the keys without values")
        {
            Details = """
                Comments stay, values do not, also where a variable is commented out. An example that is there gets the
                keys that it lacks and keeps the rest.
                """,
            Examples = ["kist env example", "kist env example -o -", "kist env example --force"],
        };
        var file = command.Optional("FILE", "The file (else .env)");
        var output = command.Option<string?>("--output", "FILE", "Where to write it, - for standard output "
            + "(else .env.example)");
        output.Aliases.Add("-o");
        var force = command.Switch("--force", "Write it anew");
        return command.Does((session, parsed) => EnvironmentExample.Run(session, parsed.GetValue(file) ?? ".env",
            parsed.GetValue(output) ?? ".env.example", parsed.GetValue(force)));
    }

    private static Option<string?> Environment(KistCommand command)
    {
        var option = command.Option<string?>("--env", "NAME", "The environment of .kist/config.toml (KIST_ENV)");
        option.CompletionSources.Add(static _ => ProjectConfig.Complete());
        return option;
    }
}
