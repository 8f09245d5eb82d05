namespace Kist.Client;

/// <summary>What kind of failure a <see cref="KistException"/> is: what a program decides by.</summary>
public enum KistFailure
{
    /// <summary>A setting of the client is wrong; nothing was sent.</summary>
    Settings,
    /// <summary>No connection to the server. It may be away for a while.</summary>
    Unreachable,
    /// <summary>The server's certificate is not accepted: expired, of another name, of an unknown authority.</summary>
    Certificate,
    /// <summary>No answer in time.</summary>
    TimedOut,
    /// <summary>The server is sealed or not set up (503).</summary>
    Sealed,
    /// <summary>The token may not do this, or is valid no longer and no other was to be had (401, 403).</summary>
    Denied,
    /// <summary>There is nothing of this name (404), or it has no such field.</summary>
    NotFound,
    /// <summary>The server does not accept what was asked (400 and other 4xx).</summary>
    Invalid,
    /// <summary>Too many requests (429).</summary>
    Limited,
    /// <summary>The server failed (5xx), or its answer is none of this API.</summary>
    Server,
    /// <summary>A reference (<c>kist://…</c>) is not written as one.</summary>
    Reference,
}
