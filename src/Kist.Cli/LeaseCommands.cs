using System.CommandLine;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist lease`: secrets that were lent and end by themselves.</summary>
internal static class LeaseCommands
{
    public static Command Create() => new KistCommand("lease", "Look up, renew and revoke leases")
        .With(List(), Lookup(), Renew(), Revoke());

    private static KistCommand List()
    {
        var command = new KistCommand("list", "List the leases under a prefix")
        {
            Examples = ["kist lease list database/creds/app"],
        };
        var prefix = command.Required("PREFIX", "The path that the leases came from");
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(prefix)!, out var path) is { } problem) return session.Fail(problem);
            using var answer = session.Send(HttpMethod.Get, $"sys/leases/lookup/{ApiPath.Encode(path)}/?list=true");
            return session.PrintNames(answer, $"There are no leases under {path}");
        });
    }

    private static KistCommand Lookup()
    {
        var command = new KistCommand("lookup", "Show a lease")
        {
            Examples = ["kist lease lookup database/creds/app/27e1b9a1"],
        };
        var id = command.Required("LEASE", "The lease's id");
        return command.Does((session, parsed) =>
        {
            using var body = new JsonBody().With("lease_id", parsed.GetValue(id));
            using var answer = session.Send(HttpMethod.Put, "sys/leases/lookup", body.Close());
            return session.PrintMembers(answer);
        });
    }

    private static KistCommand Renew()
    {
        var command = new KistCommand("renew", "Renew a lease")
        {
            Examples = ["kist lease renew database/creds/app/27e1b9a1 --increment 1h"],
        };
        var id = command.Required("LEASE", "The lease's id");
        var increment = command.Option<string?>("--increment", "TIME", "For how long");
        return command.Does((session, parsed) =>
        {
            using var body = new JsonBody().With("lease_id", parsed.GetValue(id))
                .With("increment", parsed.GetValue(increment));
            using var answer = session.Send(HttpMethod.Put, "sys/leases/renew", body.Close());
            return session.Finish(answer, () => session.Screen.Remark(
                $"Renewed: ends in {Times.Duration(answer.Root.Number("lease_duration"))}"));
        });
    }

    private static KistCommand Revoke()
    {
        var command = new KistCommand("revoke", "End a lease now")
        {
            Examples =
            [
                "kist lease revoke database/creds/app/27e1b9a1",
                "kist lease revoke --prefix database/creds/app",
            ],
        };
        var id = command.Required("LEASE", "The lease's id; with --prefix the path that the leases came from");
        var prefix = command.Switch("--prefix", "Every lease under this path");
        var force = command.Switch("--force", "Forget the leases even where revoking fails (with --prefix)");
        var yes = command.Switch("--yes", "Do not ask");
        return command.Does((session, parsed) =>
        {
            var what = parsed.GetValue(id)!;
            if (!parsed.GetValue(prefix))
            {
                if (parsed.GetValue(force)) return session.Fail(new Problem("--force goes with --prefix only"));
                using var body = new JsonBody().With("lease_id", what);
                return session.Do(HttpMethod.Put, "sys/leases/revoke", body.Close(), "Revoked");
            }
            if (ApiPath.Clean(what, out var path) is { } problem) return session.Fail(problem);
            if (Prompt.Confirm(session.Screen, $"Revoke every lease under {path}", parsed.GetValue(yes)) is { } refused)
                return session.Fail(refused);
            var verb = parsed.GetValue(force) ? "revoke-force" : "revoke-prefix";
            return session.Do(HttpMethod.Put, $"sys/leases/{verb}/{ApiPath.Encode(path)}", null, "Revoked");
        });
    }
}
