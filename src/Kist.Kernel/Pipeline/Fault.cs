namespace Kist.Kernel.Pipeline;

/// <summary>
/// Why a request was refused: a value, not an exception. <see cref="Message"/> is for the caller and names fields,
/// never values; <see cref="Detail"/> is for the log. A front turns <see cref="Kind"/> into its own status in one
/// place.
/// </summary>
public sealed record Fault(FaultKind Kind, string? Message, bool Listed = false, string? Detail = null)
{
    /// <summary>400: what the caller sent is wrong.</summary>
    public static Fault Invalid(string message) => new(FaultKind.Invalid, message);

    /// <summary>
    /// 400 in the form that Vault gives to errors which a handler returned beside its answer
    /// (<c>1 error occurred:\n\t* …\n\n</c>); clients match on it.
    /// </summary>
    public static Fault ListedInvalid(string message) => new(FaultKind.Invalid, message, Listed: true);

    /// <summary>403 for a token that is known but may not do this (Vault lists this error).</summary>
    public static Fault Denied { get; } = new(FaultKind.Denied, "permission denied", Listed: true);

    /// <summary>403 for a token that is not valid at all (Vault does not list this error).</summary>
    public static Fault BadToken { get; } = new(FaultKind.Denied, "permission denied");

    /// <summary>400: no token on a path that needs one.</summary>
    public static Fault NoToken { get; } = new(FaultKind.Invalid, "missing client token");

    /// <summary>404 with an empty list of errors: nothing is there.</summary>
    public static Fault NotFound { get; } = new(FaultKind.NotFound, null);

    /// <summary>404: the mount has no such path.</summary>
    public static Fault UnsupportedPath { get; } = new(FaultKind.NotFound, "unsupported path", Listed: true);

    /// <summary>405: the path exists, the operation does not.</summary>
    public static Fault UnsupportedOperation { get; } =
        new(FaultKind.UnsupportedOperation, "unsupported operation", Listed: true);

    /// <summary>503: this node is sealed.</summary>
    public static Fault Sealed { get; } = new(FaultKind.Sealed, "Vault is sealed");

    /// <summary>500; <paramref name="detail"/> goes to the log only.</summary>
    public static Fault Internal(string message, string? detail = null) =>
        new(FaultKind.Internal, message, Listed: true, detail);

    /// <summary>The refusal as an answer with headers.</summary>
    public Response With(List<KeyValuePair<string, string>>? headers) => new() { Fault = this, Headers = headers };

    /// <summary>The text for the caller in the form that Vault's clients expect.</summary>
    public string Text => Listed ? $"1 error occurred:\n\t* {Message}\n\n" : Message ?? "";
}

/// <summary>The kinds of refusal. Fronts map them to their status codes.</summary>
public enum FaultKind
{
    /// <summary>The request is malformed or its values are wrong (400).</summary>
    Invalid,
    /// <summary>Not allowed (403).</summary>
    Denied,
    /// <summary>Nothing is there (404).</summary>
    NotFound,
    /// <summary>The path does not do this operation (405).</summary>
    UnsupportedOperation,
    /// <summary>Someone else changed it first (409).</summary>
    Conflict,
    /// <summary>A precondition of the request did not hold (412).</summary>
    Precondition,
    /// <summary>Too large (413).</summary>
    TooLarge,
    /// <summary>A quota is used up (429).</summary>
    QuotaExceeded,
    /// <summary>A defect or a failed medium (500).</summary>
    Internal,
    /// <summary>Sealed, starting or stopping (503).</summary>
    Sealed,
    /// <summary>The medium accepts no work at the moment: full disk, lost connection (503).</summary>
    Unavailable,
    /// <summary>No room is left in the store (507).</summary>
    StorageFull,
}
