<?php
const TOLERANCE_SECONDS = 300;

// $headers has lower-case names; $body is what came over the wire: file_get_contents('php://input').
function is_authentic(string $secret, array $headers, string $body, ?int $now = null): bool
{
    $eventId = $headers['peeker-event-id'] ?? '';
    $timestamp = $headers['peeker-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(($now ?? time()) - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $expected = 'v1=' . hash_hmac('sha256', "$timestamp.$eventId.$body", $secret);
    $authentic = false;
    foreach (explode(',', $headers['peeker-signature'] ?? '') as $offered) {
        $authentic = hash_equals($expected, trim($offered)) || $authentic;
    }
    // Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
    return $authentic;
}
