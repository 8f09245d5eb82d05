using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>Calls whose arguments end in a log, on a console or in a trace.</summary>
internal static class LogSinks
{
    private static readonly HashSet<string> s_types =
    [
        "Microsoft.Extensions.Logging.LoggerExtensions", "Microsoft.Extensions.Logging.ILogger",
        "Serilog.ILogger", "Serilog.Log", "NLog.Logger", "NLog.ILogger", "log4net.ILog",
        "System.Console", "System.Diagnostics.Debug", "System.Diagnostics.Trace", "System.Diagnostics.Activity",
        "System.Diagnostics.TraceSource", "System.Diagnostics.Tracing.EventSource", "System.Diagnostics.EventLog",
    ];

    private static readonly HashSet<string> s_readers = ["Read", "ReadLine", "ReadKey", "Assert", "SetIn", "SetOut"];

    /// <summary>Whether the call logs what it is given.</summary>
    public static bool IsLog(IInvocationOperation call)
    {
        var method = call.TargetMethod;
        if (method.GetAttributes().Any(a => a.AttributeClass?.Name == "LoggerMessageAttribute")) return true;
        if (s_readers.Contains(method.Name)) return false;
        if (s_types.Contains(NameOf(method.ContainingType))) return true;
        var implemented = method.ContainingType.AllInterfaces.Select(NameOf);
        if (implemented.Any(i => i is "Microsoft.Extensions.Logging.ILogger" or "Serilog.ILogger"))
            return method.Name is "Log" or "Write";
        return IsConsoleWriter(call);
    }

    // Console.Error.WriteLine(…): a TextWriter that comes from the console.
    private static bool IsConsoleWriter(IInvocationOperation call) =>
        call.TargetMethod.Name.StartsWith("Write", StringComparison.Ordinal)
        && SecretFlow.Unconverted(call.Instance)
            is IPropertyReferenceOperation { Property: { Name: "Out" or "Error" } property }
        && NameOf(property.ContainingType) == "System.Console";

    private static string NameOf(INamedTypeSymbol? type) => type?.OriginalDefinition.ToDisplayString() ?? "";
}
