using System.CommandLine;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist run`: a program that gets secrets in its environment.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new KistCommand("run", "Run a program with secrets in its environment")
        {
            Usage = "kist run --from PATH [OPTIONS] -- COMMAND …",
            Details = """
                A field becomes a variable: upper case, every character but letters, digits and _ becomes _, and
                a name that would start with a digit gets _ in front: db-url becomes DB_URL. --prefix goes in
                front of it; --map gives one field a name of its own, without the prefix. Two fields that would
                become the same variable are an error, and so is one that would become a variable such as PATH or
                LD_PRELOAD, unless it is mapped. Values that are not text are passed as their JSON text.
                What it writes is masked: values show as [REDACTED], except true, false, null, text of less than 4
                and numbers of less than 6 characters. --no-mask turns that off.
                The program's exit code is the exit code (128 + the signal when a signal ended it, 127 when it is not
                found); signals reach it. It never gets KIST_TOKEN and VAULT_TOKEN.
                """,
            Examples =
            [
                "kist run --from prod/database -- ./app",
                "kist run --from prod/database --from prod/api --prefix APP_ -- npm start",
                "kist run --from prod/database --map url=DATABASE_URL -- sh -c 'psql \"$DATABASE_URL\"'",
                "kist run --from prod/database --clean -- env",
            ],
        };
        var from = command.Repeated("--from", "PATH", "A secret whose fields the program gets");
        from.Required = true;
        var prefix = command.Option<string?>("--prefix", "PREFIX", "What goes in front of each variable's name");
        var map = command.Repeated("--map", "FIELD=NAME", "The variable of one field; PATH#FIELD=NAME in one secret");
        var noMask = command.Switch("--no-mask", "Become the program: its output is shown as it is");
        var clean = command.Switch("--clean", "Inherit only PATH, HOME, TERM, the language and the like");
        var program = command.Rest("COMMAND", "The program and its arguments, after --", atLeastOne: true);
        return command.Does((session, parsed) =>
        {
            var start = parsed.GetValue(prefix) ?? "";
            if (start.Length > 0 && !EnvironmentPlan.IsName(start))
                return session.Fail(
                    new Problem("--prefix is made of letters, digits and _, no digit first", "--prefix APP_"));
            if (EnvironmentPlan.ParseMappings(parsed.GetValue(map) ?? [], out var mappings) is { } unclear)
                return session.Fail(unclear);
            using var plan = new EnvironmentPlan(start, mappings);
            if (Collect(session, parsed.GetValue(from)!, plan) is { } problem) return session.Fail(problem);
            var unrunnable = ProgramImage.Prepare(
                parsed.GetValue(program)!, plan,
                parsed.GetValue(clean) ? Inheritance.Basics : Inheritance.WithoutTokens, out var image);
            if (unrunnable is not null) return session.Fail(unrunnable);
            using (image)
                return parsed.GetValue(noMask) || !plan.HasMasked
                    ? session.Fail(Replacement.Become(image))
                    : Masked(session, image, plan);
        });
    }

    private static int Masked(Session session, ProgramImage image, EnvironmentPlan plan)
    {
        using var patterns = new SecretPatterns(plan.MaskedValues());
        return MaskedRun.Execute(image, patterns, out var exitCode) is { } problem ? session.Fail(problem) : exitCode;
    }

    private static Problem? Collect(Session session, string[] paths, EnvironmentPlan plan)
    {
        foreach (var path in paths)
        {
            if (Mount.FindSecret(session, path, out var mount) is { } problem) return problem;
            using var answer = GetCommand.Read(session, mount, null, out var unread);
            if ((unread ?? plan.Add(mount.Full, GetCommand.Fields(answer, mount))) is { } failed) return failed;
        }
        return plan.Unused();
    }
}
