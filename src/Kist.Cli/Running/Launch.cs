using System.Text;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>`kist run`: collects the values, and becomes the program or watches over it.</summary>
internal static class Launch
{
    /// <summary>Runs the program; gives the exit code, unless this process has become the program.</summary>
    public static int Run(Session session, RunRequest request)
    {
        using var leases = new HeldLeases(session, revokes: !request.KeepsLeases);
        var problem = RunValues.Collect(session, request, out var values, leases);
        using (values)
        {
            if (problem is not null) return session.Fail(problem);
            if (request.Watches) return WatchedRun.Run(session, request, values, leases);
            problem = SecretDelivery.Make(request, values.Plan, out var delivery);
            leases.Ending = path => session.Screen.Warn($"the lease of {path} ends and cannot be renewed any more; "
                + "kist run --watch starts the program again with a new one");
            using (delivery)
            {
                var exitCode = 0;
                problem ??= Once(request, values, delivery, leases, out exitCode);
                return problem is null ? exitCode : session.Fail(problem);
            }
        }
    }

    /// <summary>Lays out what the program gets.</summary>
    public static Problem? Prepare(
        RunRequest request, RunValues values, SecretDelivery delivery, out ProgramImage image) =>
        ProgramImage.Prepare(delivery.Program, values.Plan, request.Inheritance, out image, TokenOf(values));

    /// <summary>What must not show in the program's output. The caller disposes it.</summary>
    /// <param name="before">Values that may still show.</param>
    public static SecretPatterns PatternsOf(RunValues values, IEnumerable<RunValues>? before = null)
    {
        var token = TokenOf(values) is { } text ? Encoding.UTF8.GetBytes(text) : [];
        return new SecretPatterns(values.Plan.MaskedValues().Append(token)
            .Concat((before ?? []).SelectMany(static old => old.Plan.MaskedValues())));
    }

    private static Problem? Once(
        RunRequest request, RunValues values, SecretDelivery delivery, HeldLeases leases, out int exitCode)
    {
        exitCode = 0;
        if (Prepare(request, values, delivery, out var image) is { } unrunnable) return unrunnable;
        using (image)
        {
            var isMasked = request.IsMasked && values.Plan.HasMasked;
            if (!isMasked && !delivery.NeedsUs && !leases.Any)
            {
                if (delivery.Input >= 0) Native.Duplicate(delivery.Input, 0);
                return Replacement.Become(image);
            }
            // The program runs beside us as the same user: neither our memory nor our variables are for it.
            ProcessHardening.Hide();
            leases.Start(watched: null);
            using var patterns = PatternsOf(values);
            using var run = new MaskedRun(isMasked ? () => patterns : null);
            return run.Execute(image, delivery.Input, null, out exitCode);
        }
    }

    private static string? TokenOf(RunValues values) =>
        values.Source is ServerSource server && server.Session.Settings(out var settings) is null
            ? settings.Token : null;
}
