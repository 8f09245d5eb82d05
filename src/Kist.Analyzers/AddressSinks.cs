using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>What ends in a URL or on a command line.</summary>
internal static class AddressSinks
{
    private static readonly HashSet<string> s_urls =
        ["requestUri", "uri", "uriString", "url", "address", "relativeUri", "requestUrl"];

    /// <summary>Whether this argument of a constructor becomes part of a URL or a command line.</summary>
    public static bool IsAddress(IObjectCreationOperation made, IArgumentOperation argument) => made.Type?.Name switch
    {
        "Uri" or "UriBuilder" or "ProcessStartInfo" => true,
        "HttpRequestMessage" => argument.Parameter?.Name == "requestUri",
        _ => false,
    };

    /// <summary>Whether this argument of a call becomes part of a URL or a command line.</summary>
    public static bool IsAddress(IInvocationOperation call, IArgumentOperation argument)
    {
        var type = call.TargetMethod.ContainingType.Name;
        var parameter = argument.Parameter?.Name ?? "";
        return type switch
        {
            "HttpClient" or "HttpClientJsonExtensions" or "WebClient" or "WebRequest" or "ClientWebSocket" =>
                s_urls.Contains(parameter),
            "QueryHelpers" or "QueryString" or "QueryBuilder" => true,
            "Process" => call.TargetMethod.Name == "Start" && parameter is "fileName" or "arguments",
            "Uri" => call.TargetMethod.Name == "TryCreate" && argument.Parameter?.Ordinal == 0,
            "Collection" or "List" or "ICollection" => IsArgumentList(call),
            _ => false,
        };
    }

    /// <summary>Whether assigning this property makes a URL or a command line.</summary>
    public static bool IsAddress(IPropertyReferenceOperation target) => target.Property switch
    {
        { ContainingType.Name: "UriBuilder", Name: "Query" or "Password" or "UserName" or "Path" or "Fragment" } =>
            true,
        { ContainingType.Name: "ProcessStartInfo", Name: "Arguments" or "FileName" } => true,
        { ContainingType.Name: "HttpClient", Name: "BaseAddress" } => true,
        _ => false,
    };

    private static bool IsArgumentList(IInvocationOperation call) => call.TargetMethod.Name == "Add"
        && SecretFlow.Unconverted(call.Instance) is IPropertyReferenceOperation
        {
            Property: { Name: "ArgumentList", ContainingType.Name: "ProcessStartInfo" },
        };
}
