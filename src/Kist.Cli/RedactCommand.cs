using System.CommandLine;
using Kist.Cli.Output;
using Kist.Cli.Redacting;
using Kist.Cli.References;
using Kist.Scan;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist redact`: a pipe that lets no secret through.</summary>
internal static class RedactCommand
{
    public static Command Create()
    {
        var command = new KistCommand("redact", "Mask secrets in what goes through a pipe")
        {
            Details = """
                Standard input goes to standard output, line by line, with [REDACTED] in the place of secrets: what
                kist scan recognises, and the values of the secrets and files that are named here, also in base64,
                hexadecimal, JSON, URLs and over several lines. Named values of less than 4 bytes, numbers of less than
                6, true, false and null stay. A private key is held back until it is whole.
                """,
            Examples =
            [
                "kubectl logs -f app | kist redact",
                "./deploy.sh 2>&1 | kist redact --from prod/database --from prod/api",
                "kist redact --env prod --file .env < trace.log > trace-to-share.log",
                "kist redact --file secrets/prod.yaml --no-scan < dump.sql",
            ],
        };
        var from = command.Repeated("--from", "PATH", "A secret whose values to mask; or kist://PATH#FIELD");
        var file = command.Repeated("--file", "FILE", "Mask the values of a .env (also those its references lead to), "
            + "YAML, JSON or INI file, encrypted or not");
        file.Aliases.Add("--env-file");
        var lines = command.Repeated("--values", "FILE", "Mask each line of a file");
        var env = command.Option<string?>("--env", "NAME", "The environment of .kist/config.toml (KIST_ENV)");
        env.CompletionSources.Add(static _ => ProjectConfig.Complete());
        var noScan = command.Switch("--no-scan", "Mask named values only");
        return command.Does((session, parsed) =>
        {
            using var known = new KnownValues(session, parsed.GetValue(env));
            foreach (var path in parsed.GetValue(from) ?? [])
                if (known.AddSecret(path) is { } problem) return session.Fail(problem);
            foreach (var path in parsed.GetValue(file) ?? [])
                if (known.AddFile(path) is { } problem) return session.Fail(problem);
            foreach (var path in parsed.GetValue(lines) ?? [])
                if (known.AddLines(path) is { } problem) return session.Fail(problem);
            using var patterns = new SecretPatterns(known.All);
            var scans = !parsed.GetValue(noScan);
            if (!scans && patterns.IsEmpty)
                return session.Fail(new Problem("there is nothing to mask: no value is named", "without --no-scan"));
            RedactionRun.Run(patterns, scans ? new Scanner(new ScanSettings { HonorsAllowComments = false }) : null);
            return 0;
        });
    }
}
