using System.CommandLine;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist login`: checks who somebody is and keeps the token for the next commands.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        var command = new KistCommand("login", "Log in, and keep the token for the next commands")
        {
            Details = """
                The token is kept in KIST_TOKEN_FILE, else $XDG_CONFIG_HOME/kist/token, else ~/.config/kist/token,
                readable by you alone. KIST_TOKEN, when set, goes before it. The first token that another takes the
                place of (the root token of ./start.sh, say) stays beside it, in token.previous, until you remove it.
                """,
            Examples =
            [
                "kist login                                        # asks for a token",
                "kist login - < token.txt",
                "kist login --method userpass --username alice",
                "kist login --method userpass --username alice --no-store --json",
            ],
        };
        var token = command.Optional("TOKEN", "A token; - asks for it or reads it from standard input (the default)");
        var method = command.Option<string?>("--method", "METHOD", "token (the default) or userpass");
        var user = command.Option<string?>("--username", "NAME", "Who logs in (userpass)");
        var path = command.Option<string?>("--path", "PATH", "Where the method is mounted, if not under its own name");
        var noStore = command.Switch("--no-store", "Do not keep the token; print it");
        return command.Does((session, parsed) =>
        {
            var store = !parsed.GetValue(noStore);
            return parsed.GetValue(method) switch
            {
                null or "token" => ByToken(session, parsed.GetValue(token), store),
                "userpass" => ByPassword(session, parsed.GetValue(user), parsed.GetValue(path) ?? "userpass", store),
                _ => session.Fail(new Problem("there is no such login method", "--method token or --method userpass")),
            };
        });
    }

    private static int ByToken(Session session, string? typed, bool store)
    {
        if (TokenCommands.Given(session, typed ?? "-", out var token) is { } problem) return session.Fail(problem);
        if (!TokenFile.IsToken(token!)) return session.Fail(new Problem("this is not a token"));
        using var answer = session.Send(new Request(HttpMethod.Get, "auth/token/lookup-self") { Token = token });
        if (Hints.IsBadToken(answer))
            return session.Fail(new Problem("the server does not know this token", "another token", Problem.Remote));
        if (answer.Problem is { } refused) return session.Fail(refused);
        if (store && Store(session, token!) is { } unwritten) return session.Fail(unwritten);
        return session.Finish(answer, () => Greet(session,
            answer.Data.Text("display_name"), answer.Data.Number("ttl"), answer.Data.Member("policies").Strings()));
    }

    private static int ByPassword(Session session, string? user, string mount, bool store)
    {
        if (string.IsNullOrEmpty(user)) return session.Fail(new Problem("who logs in?", "--username NAME"));
        if (ApiPath.Clean(mount, out var clean) is { } unclean) return session.Fail(unclean);
        var problem = Prompt.Secret(session.Screen, "password", out var password);
        using var secret = password;
        if (problem is not null) return session.Fail(problem);
        using var body = new JsonBody().With("password", password.WrittenSpan);
        var path = $"auth/{ApiPath.Encode(clean)}/login/{Uri.EscapeDataString(user)}";
        using var answer = session.Send(new Request(HttpMethod.Post, path, body.Close()) { Token = "" });
        if (answer.Problem is { } refused) return session.Fail(refused);
        var token = answer.Data.Text("client_token");
        if (!TokenFile.IsToken(token))
            return session.Fail(
                new Problem("the server gave no token", "a second factor may be asked for", Problem.Remote));
        if (!store) return TokenCommands.Print(session, answer);
        if (Store(session, token) is { } unwritten) return session.Fail(unwritten);
        return session.Finish(answer, () => Greet(session,
            user, answer.Data.Number("lease_duration"), answer.Data.Member("policies").Strings()));
    }

    /// <summary>Keeps the token where the next command finds it.</summary>
    public static Problem? Store(Session session, string token)
    {
        var path = TokenFile.DefaultPath(Environment.GetEnvironmentVariable);
        var before = TokenFile.KeepBefore(path, token);
        if (TokenFile.Write(path, token) is { } problem) return problem;
        session.Screen.Remark($"The token is kept in {path}");
        if (before is not null) session.Screen.Remark($"The one from before is in {before}: kist login - < {before}");
        foreach (var name in (ReadOnlySpan<string>)["KIST_TOKEN", "VAULT_TOKEN"])
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 })
                session.Screen.Warn($"{name} is set and goes before the kept token; unset it to use this one");
        return null;
    }

    private static void Greet(Session session, string name, long ttl, List<string> policies) =>
        session.Screen.Line($"Logged in as {name}; policies {string.Join(", ", policies)}; expires "
            + (ttl > 0 ? "in " : "") + Times.Duration(ttl));
}
