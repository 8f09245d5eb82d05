using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist status`: whether the server is there, initialised and unsealed.</summary>
internal static class StatusCommand
{
    private const int Sealed = 2;

    public static Command Create() =>
        new KistCommand("status", "Show whether the server is initialised and unsealed")
        {
            Details = "Exit code: 0 unsealed, 1 no answer, 2 sealed or not initialised.",
            Examples = ["kist status", "until kist status -q > /dev/null; do sleep 1; done"],
        }.Does((session, _) =>
        {
            using var answer = session.Send(HttpMethod.Get, "sys/seal-status");
            if (answer.Problem is { } problem) return session.Fail(problem with { ExitCode = Problem.Local });
            if (session.Json) session.PrintJson(answer);
            else Print(session, answer.Data);
            return answer.Data.Flag("sealed") ? Sealed : 0;
        });

    /// <summary>Prints a seal status for people.</summary>
    public static void Print(Session session, JsonElement status)
    {
        using var table = new Table("KEY", "VALUE");
        if (session.Settings(out var settings) is null)
            table.Cell("address").Cell(settings.Address.GetLeftPart(UriPartial.Authority));
        table.Cell("seal").Cell(status.Text("type"))
            .Cell("initialized").Cell(status.Member("initialized"))
            .Cell("sealed").Cell(status.Member("sealed"));
        if (status.Number("n") > 0)
            table.Cell("key shares").Cell($"{status.Number("t")} of {status.Number("n")} needed");
        if (status.Flag("sealed") && status.Number("progress") > 0)
            table.Cell("unseal progress").Cell($"{status.Number("progress")} of {status.Number("t")}")
                .Cell("nonce").Cell(status.Text("nonce"));
        if (status.Flag("migration")) table.Cell("seal migration").Cell("under way");
        table.Cell("version").Cell(status.Text("version"));
        if (status.Text("storage_type") is { Length: > 0 } store) table.Cell("storage").Cell(store);
        if (status.Text("cluster_name") is { Length: > 0 } cluster) table.Cell("cluster").Cell(cluster);
        session.Screen.Show(table);
        if (!status.Flag("initialized")) session.Screen.Remark("\nNext: kist operator init");
        else if (status.Flag("sealed")) session.Screen.Remark(
            status.Flag("migration") ? "\nNext: kist operator unseal --migrate, with the keys of the seal that goes"
                : "\nNext: kist operator unseal");
    }
}
